/**
 * @module The host's end of one sandbox: starts it, makes one call after the other on it, ends it when it is late or breaks the protocol.
 */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { CONTROL_FRAME_MAX_BYTES, encodeFrame, FrameReader } from "../helper/frames.ts";
import { PROTOCOL_VERSION, type InstalledPlugin, type LogLine, type Opening } from "../helper/protocol.ts";
import {
  INSTANCES_READY_MAX,
  type CallFrame,
  type HostToSandbox,
  type ResultFrame,
  type SandboxToHost,
} from "../helper/sandbox-protocol.ts";
import { CniError, type CniErrorKind } from "../spec/error.ts";
import {
  faultResult,
  keepLog,
  type AnswerIpam,
  type CallReport,
  type Fault,
  type IpamAnswer,
  type OpenCall,
} from "./call-report.ts";
import { parseSandboxFrame } from "./frames.ts";
import { isOverOrUnruly } from "./peer-end.ts";

/** What is needed of the helper's client. */
export interface SandboxStarter {
  openChannel(opening: Opening): Promise<Socket>;
  request(method: "kill-sandbox", params: { readonly sandboxId: string; readonly reason: string }): Promise<unknown>;
}

/** One sandbox. */
export class SandboxConnection {
  readonly sandboxId = `sb-${randomUUID()}`;
  readonly plugin: InstalledPlugin;
  /** Calls that were made on it. */
  calls = 0;
  /** Instances that it has ready. It starts with one. */
  ready = 1;
  readonly #starter: SandboxStarter;
  readonly #reader = new FrameReader(CONTROL_FRAME_MAX_BYTES);
  readonly #onEnd: (connection: SandboxConnection) => void;
  #socket: Socket | undefined;
  #starting: { readonly resolve: () => void; readonly reject: (error: CniError) => void } | undefined;
  #call: OpenCall | undefined;
  #ended: string | undefined;
  #isLost = false;
  /** Kind of the helper's reason not to start it. */
  #refusal: CniErrorKind | undefined;

  /** `onEnd` is told once, when the sandbox can make no more calls. */
  constructor(starter: SandboxStarter, plugin: InstalledPlugin, onEnd: (connection: SandboxConnection) => void) {
    this.#starter = starter;
    this.plugin = plugin;
    this.#onEnd = onEnd;
  }

  /** Whether it can make no more calls. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Makes sure, while it is idle, that it is there to be called: a process that was killed may be gone before Node says so. One that speaks
   * unasked is ended.
   */
  isThere(): boolean {
    if (this.#ended === undefined && this.#socket !== undefined && isOverOrUnruly(this.#socket))
      void this.kill("it ended, or spoke, while it was idle");
    return this.#ended === undefined;
  }

  /** Whether it could make another instance ready now. */
  get canPrepare(): boolean {
    return this.#ended === undefined && this.#call === undefined && this.ready < INSTANCES_READY_MAX;
  }

  /** Has it make another instance ready. */
  prepare(): void {
    this.ready += 1;
    this.#send({ type: "prepare" });
  }

  /**
   * Starts the process and waits until it has an instance ready.
   * @throws {CniError} guestFailed when it does not come up; whatever the helper refuses it with.
   */
  async start(timeoutMs: number): Promise<void> {
    const { digest } = this.plugin;
    const socket = await this.#starter.openChannel({
      role: "sandbox",
      protocol: PROTOCOL_VERSION,
      sandboxId: this.sandboxId,
      digest,
    });
    this.#socket = socket;
    const timer = setTimeout(() => void this.kill(`not ready after ${timeoutMs} ms`), timeoutMs);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#starting = { resolve, reject };
        socket.on("data", (chunk: Buffer) => this.#receive(chunk));
        socket.on("error", () => undefined);
        socket.on("end", () => this.#lose());
        socket.on("close", () => this.#lose());
      });
    } finally {
      clearTimeout(timer);
      this.#starting = undefined;
    }
  }

  /** Makes one call. Never rejects: whatever goes wrong with the guest is its outcome. */
  async call(frame: CallFrame, answerIpam: AnswerIpam): Promise<CallReport> {
    if (this.#call !== undefined) throw new Error("unreachable: a call on a sandbox that is busy");
    if (this.#ended !== undefined) return { ...this.#fault(frame, { trap: this.#ended }, 0), log: [] };
    const started = performance.now();
    const log: LogLine[] = [];
    const { deadlineMs } = this.plugin.limits;
    let isLate = false;
    const settled = new Promise<{ readonly result: ResultFrame } | { readonly died: string }>((settle) => {
      this.#call = { frame, answerIpam, log, settle, logBytes: 0, isAsking: false, isIpamOwed: frame.isIpamAhead };
    });
    const timer = setTimeout(() => {
      isLate = true;
      void this.kill(`no result after ${deadlineMs} ms`);
    }, deadlineMs);
    this.calls += 1;
    this.ready = Math.max(0, this.ready - 1);
    this.#send(frame);
    const outcome = await settled;
    clearTimeout(timer);
    this.#call = undefined;
    const callMicroseconds = Math.round((performance.now() - started) * 1000);
    if ("result" in outcome) return { result: outcome.result, log, ending: "result", callMicroseconds };
    const fault = isLate ? { limit: `${deadlineMs} ms` } : { trap: outcome.died };
    return { ...this.#fault(frame, fault, callMicroseconds), log };
  }

  #fault(frame: CallFrame, fault: Fault, callMicroseconds: number): Omit<CallReport, "log"> {
    const result = faultResult(frame, fault, callMicroseconds);
    return { result, ending: this.#isLost ? "lost" : "killed", callMicroseconds };
  }

  /** Gives the open call the answer of the IPAM plugin's `add` that its frame has announced. */
  giveIpam(answer: IpamAnswer): void {
    const call = this.#call;
    if (call === undefined || !call.isIpamOwed || this.#ended !== undefined) return;
    call.isIpamOwed = false;
    this.#send({ type: "ipam-ahead", ...answer });
  }

  /** Ends an idle sandbox. Its process ends when its channel does; the helper sees to it. */
  stop(): void {
    if (this.#ended === undefined) void this.kill("no longer needed");
  }

  /** Has the helper kill the process. Done when the helper says so. */
  async kill(reason: string): Promise<void> {
    this.#retire(reason);
    try {
      if (this.#socket !== undefined)
        await this.#starter.request("kill-sandbox", { sandboxId: this.sandboxId, reason });
    } catch {
      // The helper is gone, or the sandbox is already: either way it makes no more calls.
    } finally {
      this.#settle(reason);
    }
  }

  /** Takes it out of service: no frame is read or sent any more. */
  #retire(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#socket?.destroy();
    this.#onEnd(this);
  }

  /** Tells who waits for it that it is gone. */
  #settle(reason: string): void {
    this.#starting?.reject(
      new CniError(
        this.#refusal ?? "guestFailed",
        `the sandbox of plugin ${JSON.stringify(this.plugin.type)} did not start`,
        {
          details: reason,
        },
      ),
    );
    this.#call?.settle({ died: reason });
  }

  #lose(): void {
    this.#isLost ||= this.#ended === undefined;
    this.#end("the sandbox ended");
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#retire(reason);
    this.#settle(reason);
  }

  #send(frame: HostToSandbox): void {
    this.#socket?.write(encodeFrame(frame));
  }

  #receive(chunk: Buffer): void {
    try {
      for (const value of this.#reader.push(chunk)) {
        if (this.#ended !== undefined) return;
        const frame = parseSandboxFrame(value);
        if (frame === undefined || !this.#accept(frame)) throw new Error("it broke the protocol");
      }
    } catch (error) {
      void this.kill(error instanceof Error ? error.message : "it broke the protocol");
    }
  }

  /** Takes a frame; `false`: it has no place here. */
  #accept(frame: SandboxToHost): boolean {
    const call = this.#call;
    switch (frame.type) {
      case "ready":
        this.#starting?.resolve();
        return this.#starting !== undefined && this.calls === 0;
      case "failed":
        this.#refusal = frame.kind as CniErrorKind | undefined;
        this.#end(frame.message);
        return true;
      case "log":
        return call !== undefined && keepLog(call, frame, this.plugin.limits.logBytes);
      case "ipam":
        if (call === undefined || call.isAsking || (frame.verb === "add" && call.isIpamOwed)) return false;
        void this.#answer(call, frame.verb);
        return true;
      case "result":
        // It cannot end before it has the answer that comes unasked.
        if (call === undefined || call.isAsking || call.isIpamOwed || frame.callId !== call.frame.callId) return false;
        call.settle({ result: frame });
        // The process of a guest that trapped, or hit a limit, is not used again.
        if ("trap" in frame.outcome || "limit" in frame.outcome) void this.kill("the guest trapped or reached a limit");
        return true;
    }
  }

  async #answer(call: OpenCall, verb: "add" | "del" | "check" | "status"): Promise<void> {
    call.isAsking = true;
    const answer = await call.answerIpam(verb);
    call.isAsking = false;
    if (this.#call === call && this.#ended === undefined) this.#send({ type: "ipam-answer", ...answer });
  }
}
