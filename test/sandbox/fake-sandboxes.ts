/**
 * @module Sandboxes without processes, for tests of the pool: what the host says to them goes to a function.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
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
  /** Is gone at once, as a process that was killed. */
  die(): void;
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
      const [host, inside] = await connectedPair();
      const sandbox: FakeSandbox = {
        digest: opening.digest,
        send: (frame) => void inside.write(encodeFrame(frame)),
        end: () => {
          inside.end();
          fakes.alive.delete(sandbox);
        },
        die: () => void inside.destroy(),
      };
      serve(inside, sandbox);
      fakes.started.push(sandbox);
      byId.set(opening.sandboxId, sandbox);
      if (isReady) sandbox.send({ type: "ready", loadMicroseconds: 1 });
      return host;
    },
    async request(_method: "kill-sandbox", { sandboxId, reason }: { sandboxId: string; reason: string }) {
      fakes.kills.push(reason);
      byId.get(sandboxId)?.end();
    },
  };
  const serve = (inside: Socket, sandbox: FakeSandbox): void => {
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

/** Two ends of a connection; the name is no file's, and goes with the server. Source: unix(7), abstract sockets. */
async function connectedPair(): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  server.listen(`\0cnidaria-t-${randomUUID()}`);
  await once(server, "listening");
  const accepted = once(server, "connection");
  const one = connect(server.address() as string);
  const [other] = (await accepted) as [Socket];
  server.close();
  return [one, other];
}
