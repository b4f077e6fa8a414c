/**
 * @module One sandbox, seen from the helper: its process, its private channel, and the call that is open on it.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Grant } from "../grants/grant.ts";
import { CniError } from "../spec/error.ts";
import { dispatchFrame } from "./batch.ts";
import type { OperationTable } from "./dispatch.ts";
import { FrameReader, OPERATION_FRAME_MAX_BYTES, encodeFrame } from "./frames.ts";
import type { Digest } from "./protocol.ts";
import { AFTER_IPAM } from "./sandbox-protocol.ts";
import type { BatchAnswer, OperationAnswer } from "./sandbox-protocol.ts";
import type { HelperState, OpenCall } from "./state.ts";
import type { SwiftSocket } from "./sandboxes/swift-socket.ts";
import { ProtocolViolation } from "./violation.ts";

/** The part of a sandbox's process that the session needs. */
export interface SandboxProcess {
  readonly pid: number;
  readonly private: SwiftSocket;
  kill(): void;
}

/** What a session is made of. */
export interface SandboxSessionOptions {
  readonly id: string;
  readonly digest: Digest;
  readonly grant: Grant;
  readonly process: SandboxProcess;
  readonly table: OperationTable;
  readonly state: HelperState;
  /** Told once, when the sandbox was killed for what it did while a call was open on it. */
  readonly onBreach: (session: SandboxSession, call: OpenCall | undefined, why: string) => void;
}

/** A sandbox that runs. */
export class SandboxSession {
  readonly id: string;
  readonly digest: Digest;
  readonly grant: Grant;
  readonly process: SandboxProcess;
  /** The call that its operations belong to; `undefined`: every operation is a breach. */
  call: OpenCall | undefined;
  readonly #options: SandboxSessionOptions;
  readonly #reader = new FrameReader(OPERATION_FRAME_MAX_BYTES);
  /** An operation is being done: the next one has to wait for its answer. */
  #busy = false;
  #ended = false;

  constructor(options: SandboxSessionOptions) {
    this.#options = options;
    this.id = options.id;
    this.digest = options.digest;
    this.grant = options.grant;
    this.process = options.process;
    const { private: channel } = options.process;
    channel.on("data", (chunk: Buffer) => this.#receive(chunk));
    // The end of the process is what counts; the channel only fails with it.
    channel.on("error", () => this.end());
    channel.on("close", () => this.end());
  }

  /** Whether it is gone or being killed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Kills the sandbox. What it had begun is not undone here. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.process.private.destroy();
    this.process.kill();
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    try {
      const frames = this.#reader.push(chunk);
      if (frames.length > 1) throw new ProtocolViolation("a request before the answer to the last one");
      for (const frame of frames) this.#answer(frame);
    } catch (error) {
      this.#fail(error);
    }
  }

  #answer(frame: unknown): void {
    if (this.#busy) throw new ProtocolViolation("a request before the answer to the last one");
    const isEarly = isAfterIpam(frame);
    const request: unknown = isEarly ? frame[1] : frame;
    if (this.call !== undefined && !isEarly) return this.#send(this.#dispatch(request));
    this.#busy = true;
    this.#awaitTurn(isEarly)
      .then(() => {
        this.#busy = false;
        if (!this.#ended) this.#send(this.#dispatch(request));
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #dispatch(request: unknown): Answer | Promise<Answer> {
    const { table, state } = this.#options;
    return dispatchFrame(table, state, this.call, request);
  }

  #send(answer: Answer | Promise<Answer>): void {
    if (!(answer instanceof Promise)) {
      this.process.private.send(encodeFrame(answer));
      return;
    }
    this.#busy = true;
    answer.then(
      (value) => {
        this.#busy = false;
        if (!this.#ended) this.process.private.send(encodeFrame(value));
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /**
   * Waits for what the host has asked for: the beginning of the call, since it has the guest run without waiting for our answer; the end of
   * the IPAM plugin's call, whose addresses the guest may have already. Those requests were sent before the guest's, so they have
   * been read once this turn of the event loop is over.
   */
  async #awaitTurn(isAfterIpam: boolean): Promise<void> {
    const { beginnings, calls } = this.#options.state;
    await nextTurn();
    if (this.call === undefined) await beginnings.get(this.id);
    const { call } = this;
    if (!isAfterIpam || call === undefined) return;
    const asked = [...calls.values()].filter(({ parent }) => parent === call);
    await Promise.all(asked.map(({ over }) => over.promise));
  }

  /** Ends the session: after a breach, or because an operation failed in a way that no guest may see. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    const { call } = this;
    if (error instanceof CniError && call !== undefined) call.failure = error;
    this.end();
    this.#options.onBreach(this, call, reasonOf(error));
  }
}

type Answer = OperationAnswer | BatchAnswer;

/** Tells whether a request comes after an IPAM answer that was given unasked. */
function isAfterIpam(frame: unknown): frame is readonly ["after-ipam", unknown] {
  return Array.isArray(frame) && frame.length === 2 && frame[0] === AFTER_IPAM;
}

function reasonOf(error: unknown): string {
  if (error instanceof ProtocolViolation || error instanceof CniError) return error.message;
  if (error instanceof RangeError || error instanceof SyntaxError) return error.message.slice(0, REASON_MAX_CHARACTERS);
  return `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** JSON's errors quote what they met. */
const REASON_MAX_CHARACTERS = 200;
