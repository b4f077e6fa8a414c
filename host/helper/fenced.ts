/**
 * @module Starts sandboxes and transpilers on connections of the host, and knows those that run.
 */
import { loadGranted } from "../components/granted.ts";
import { clearNonBlocking } from "../kernel/peer.ts";
import { isCniError } from "../spec/error.ts";
import { withinPoints } from "../spec/fault-points.ts";
import { breakCall } from "./methods/end-call.ts";
import { OPERATIONS } from "./operations/index.ts";
import { encodeFrame } from "./frames.ts";
import type { Opening } from "./protocol.ts";
import type { LoadFrame, SandboxToHost } from "./sandbox-protocol.ts";
import { SandboxSession } from "./sandbox-session.ts";
import { ensureSandboxRoot } from "./sandboxes/sandbox-root.ts";
import type { SandboxRoot } from "./sandboxes/sandbox-root.ts";
import { startSandbox, startTranspiler } from "./sandboxes/sandbox.ts";
import type { FenceOptions, FencedProcess } from "./sandboxes/sandbox.ts";
import type { Connection } from "./server.ts";
import type { HelperState, OpenCall } from "./state.ts";
import { ProtocolViolation } from "./violation.ts";

/** Programs that fenced processes run: one file each, trusted. */
export interface Bundles {
  readonly sandbox: string;
  readonly transpiler: string;
}

/** Starts fenced processes. */
export class Fence {
  readonly #state: HelperState;
  readonly #bundles: Bundles;
  readonly #roots = new Map<string, SandboxRoot>();
  readonly #running = new Set<FencedProcess>();

  constructor(state: HelperState, bundles: Bundles) {
    this.#state = state;
    this.#bundles = bundles;
  }

  /** Turns a connection into the control channel of a new sandbox. What keeps it from starting is said on the connection. */
  startSandbox(connection: Connection, opening: Extract<Opening, { role: "sandbox" }>): void {
    this.#orSay(connection, () => {
      const { sandboxes, layout } = this.#state;
      const { sandboxId, digest } = opening;
      if (sandboxes.has(sandboxId)) throw new ProtocolViolation(`sandbox ${JSON.stringify(sandboxId)} runs already`);
      const { grant, files } = loadGranted(layout.stateDir, digest);
      const started = withinPoints("helper.start-sandbox", "", () =>
        startSandbox(this.#options(connection, this.#bundles.sandbox)),
      );
      this.#follow(started);
      const frame: LoadFrame = {
        type: "load",
        digest,
        limits: grant.limits,
        capabilities: Object.keys(grant.capabilities),
        wasi: grant.wasi,
        exports: grant.exports,
        files: files.map(({ name, bytes }) => ({ name, bytes: bytes.byteLength })),
      };
      const session = new SandboxSession({
        id: sandboxId,
        digest,
        grant,
        process: started,
        table: OPERATIONS,
        state: this.#state,
        onBreach: (broken, call, why) => this.#recordBreach(broken, call, why),
      });
      sandboxes.set(sandboxId, session);
      void started.exited.then(() => {
        session.end();
        if (sandboxes.get(sandboxId) === session) sandboxes.delete(sandboxId);
      });
      started.private.write(encodeFrame(frame));
      for (const { bytes } of files) started.private.write(bytes);
    });
  }

  /** Turns a connection into the channel of a throw-away transpiler. */
  startTranspiler(connection: Connection): void {
    this.#orSay(connection, () => {
      this.#follow(startTranspiler(this.#options(connection, this.#bundles.transpiler)));
    });
  }

  /** Kills every process that runs. */
  killAll(): void {
    for (const session of this.#state.sandboxes.values()) session.end();
    for (const running of this.#running) running.kill();
  }

  #options({ descriptor }: Connection, bundlePath: string): FenceOptions {
    const { layout, isolation, locks } = this.#state;
    const known = this.#roots.get(bundlePath);
    const root = known ?? ensureSandboxRoot({ stateDir: layout.stateDir, nodePath: process.execPath, bundlePath });
    this.#roots.set(bundlePath, root);
    // The process at the other end reads synchronously.
    clearNonBlocking(descriptor);
    return { root, control: descriptor, isolation, locks };
  }

  #follow(started: FencedProcess): void {
    this.#running.add(started);
    void started.exited.then(() => this.#running.delete(started));
  }

  /** Closes this side's copy of the connection in any case: the process has its own. */
  #orSay({ socket }: Connection, start: () => void): void {
    try {
      start();
      socket.destroy();
    } catch (error) {
      socket.end(encodeFrame(refusalOf(error)));
    }
  }

  #recordBreach(session: SandboxSession, call: OpenCall | undefined, why: string): void {
    if (call !== undefined) {
      breakCall(this.#state, call, why);
      return;
    }
    const data = { sandboxId: session.id, digest: session.digest, why };
    this.#state.ledger.audit({ network: "", containerId: "", ifname: "", operationId: "", event: "breach", data });
  }
}

/** What the host is told of a sandbox that was not started. */
function refusalOf(error: unknown): SandboxToHost {
  const message = error instanceof Error ? error.message : String(error);
  return { type: "failed", message, kind: isCniError(error) ? error.kind : undefined };
}
