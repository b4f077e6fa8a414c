/**
 * @module A session of the helper with a sandbox, without either: what the sandbox says is pushed, what it is told is kept.
 */
import { Duplex } from "node:stream";
import { z } from "zod";
import { tableOf } from "../../../host/helper/dispatch.ts";
import { OperationFailure, operation } from "../../../host/helper/operations/operation.ts";
import { SandboxSession } from "../../../host/helper/sandbox-session.ts";
import type { SwiftSocket } from "../../../host/helper/sandboxes/swift-socket.ts";
import type { HelperState, OpenCall } from "../../../host/helper/state.ts";

/** The helper's end of a private channel: what is written is kept, what the sandbox says is pushed. */
class Channel extends Duplex {
  readonly written: Buffer[] = [];
  override _read(): void {}
  send(bytes: Buffer): void {
    this.write(bytes);
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

/** What a session looks at: beginnings that wait for their turn, and calls that are open. */
export const stateOf = (): HelperState => ({ beginnings: new Map(), calls: new Map() }) as unknown as HelperState;

export interface Fake {
  readonly channel: Channel;
  readonly session: SandboxSession;
  readonly breaches: string[];
  killed: number;
  readonly finish: (value: unknown) => void;
}

export function start(state = stateOf()): Fake {
  const channel = new Channel();
  const slow = Promise.withResolvers<unknown>();
  const breaches: string[] = [];
  const table = tableOf([
    {
      name: "masquerade",
      errors: {},
      otherwise: "invalid-argument",
      operations: {
        // Says of its argument whether it succeeds.
        list: operation({ effect: "read", isStarted: true, schema: z.tuple([]), run: () => slow.promise }),
        remove: operation({
          effect: "change",
          schema: z.tuple([z.boolean()]),
          run: (_context, [succeeds]) => {
            if (!succeeds) throw new OperationFailure("conflict");
          },
        }),
      },
    },
    {
      name: "leases",
      errors: {},
      otherwise: "unavailable",
      operations: {
        list: operation({
          effect: "read",
          schema: z.tuple([]),
          run: () => [],
        }),
        release: operation({
          effect: "change",
          schema: z.tuple([]),
          run: () => slow.promise,
        }),
      },
    },
  ]);
  const fake = { killed: 0 };
  const session = new SandboxSession({
    id: "s1",
    digest: "sha256:00",
    grant: {} as never,
    table,
    state,
    process: {
      pid: 0,
      private: channel as unknown as SwiftSocket,
      kill: () => void (fake.killed += 1),
    },
    onBreach: (_session, _call, why) => breaches.push(why),
  });
  session.call = {
    facts: { verb: "ADD" },
    grant: {
      limits: { hostCalls: 10 },
      capabilities: { leases: { subnets: [] }, masquerade: {} },
    },
    ended: false,
    hostCalls: 0,
    counts: new Map(),
    refusals: [],
    timeline: [],
    trace: [],
    asyncKernelMicroseconds: 0,
  } as unknown as OpenCall;
  return Object.assign(fake, { channel, session, breaches, finish: slow.resolve });
}

export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
