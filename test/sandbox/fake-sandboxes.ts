/**
 * @module Sandboxes without processes, for tests of the pool: what the host says to them goes to a function.
 */
import { duplexPair, type Duplex } from "node:stream";
import type { Socket } from "node:net";
import { CONTROL_FRAME_MAX_BYTES, encodeFrame, FrameReader } from "../../host/helper/frames.ts";
import type { Opening } from "../../host/helper/protocol.ts";
import type { HostToSandbox, SandboxToHost } from "../../host/helper/sandbox-protocol.ts";

/** Counts of a result that nobody looks at. */
export const DONE = { tookIpam: false, hostCalls: 0, instantiateMicroseconds: 0, guestMicroseconds: 0 } as const;

/** What a fake sandbox does with what it gets. */
export type Act = (frame: HostToSandbox, sandbox: FakeSandbox) => void;

export interface FakeSandbox {
  readonly digest: string;
  send(frame: SandboxToHost): void;
  end(): void;
}

/** Sandboxes without processes: what the host says to them goes to `act`. */
export function createFakes(act: Act, isReady = true) {
  const fakes = {
    started: [] as FakeSandbox[],
    alive: new Set<FakeSandbox>(),
    kills: [] as string[],
    refuse: undefined as Error | undefined,
  };
  const byId = new Map<string, FakeSandbox>();
  const client = {
    async openChannel(opening: Opening): Promise<Socket> {
      if (fakes.refuse !== undefined) throw fakes.refuse;
      if (opening.role !== "sandbox") throw new Error("not a sandbox");
      const [host, inside] = duplexPair();
      const sandbox: FakeSandbox = {
        digest: opening.digest,
        send: (frame) => void inside.write(encodeFrame(frame)),
        end: () => {
          inside.end();
          fakes.alive.delete(sandbox);
        },
      };
      serve(inside, sandbox);
      fakes.started.push(sandbox);
      byId.set(opening.sandboxId, sandbox);
      if (isReady) sandbox.send({ type: "ready", loadMicroseconds: 1 });
      return host as unknown as Socket;
    },
    async request(_method: "kill-sandbox", { sandboxId, reason }: { sandboxId: string; reason: string }) {
      fakes.kills.push(reason);
      byId.get(sandboxId)?.end();
    },
  };
  const serve = (inside: Duplex, sandbox: FakeSandbox): void => {
    const reader = new FrameReader(CONTROL_FRAME_MAX_BYTES);
    fakes.alive.add(sandbox);
    inside.on("data", (chunk: Buffer) => reader.push(chunk).forEach((frame) => act(frame as HostToSandbox, sandbox)));
    inside.on("error", () => undefined);
    inside.on("close", () => fakes.alive.delete(sandbox));
  };
  return { ...fakes, fakes, client };
}

/** Answers every call at once. */
export const OBEDIENT: Act = (frame, sandbox) => {
  if (frame.type === "call")
    sandbox.send({ type: "result", callId: frame.callId, outcome: { ok: frame.verb }, ...DONE });
};
export const SILENT: Act = () => undefined;
