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
import { AFTER, BATCH, NOT_STARTED } from "./sandbox-protocol.ts";
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
  /** It is one whose answer the sandbox does not wait for. */
  #isStarting = false;
  /** The last operation of that kind. */
  #started: { readonly call: OpenCall | undefined; hasFailed: boolean } | undefined;
  /** A request that came meanwhile. */
  #queued: Asked | undefined;
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
      const [first, ...others] = frames.map(readAfter);
      if (others.some(({ isAfterStart }) => !isAfterStart)) throw tooEarly();
      if (first !== undefined) for (const asked of [first, ...others]) this.#take(asked);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Takes a request. One may come before the answer to the last one: after an operation that was started. */
  #take(asked: Asked): void {
    if (!this.#busy) return this.#answer(asked);
    if (!this.#isStarting || this.#queued !== undefined || !asked.isAfterStart) throw tooEarly();
    this.#queued = asked;
  }

  #answer(asked: Asked): void {
    this.#isStarting = this.#isStart(asked.request);
    if (this.call !== undefined && !asked.isAfterIpam) return this.#perform(asked);
    this.#busy = true;
    this.#awaitTurn(asked)
      .then(() => {
        this.#busy = false;
        if (!this.#ended) this.#perform(asked);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #perform({ request, isAfterStart }: Asked): void {
    if (isAfterStart && this.#judgeStarted()) return this.#send(notStarted(request));
    const { table, state } = this.#options;
    const isStart = this.#isStart(request);
    const answer = dispatchFrame(table, state, this.call, request);
    if (isStart) this.#started = { call: this.call, hasFailed: false };
    if (!(answer instanceof Promise)) return this.#conclude(answer, isStart);
    this.#busy = true;
    answer
      .then((value) => {
        this.#busy = false;
        if (!this.#ended) this.#conclude(value, isStart);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** Sends an answer, and takes what has come meanwhile. */
  #conclude(answer: Answer, isStart: boolean): void {
    if (isStart && this.#started !== undefined) this.#started.hasFailed = "err" in answer;
    this.#send(answer);
    const queued = this.#queued;
    this.#queued = undefined;
    if (queued !== undefined) this.#answer(queued);
  }

  #send(answer: Answer): void {
    this.process.private.send(encodeFrame(answer));
  }

  #isStart(request: unknown): boolean {
    const { table } = this.#options;
    const name: unknown = Array.isArray(request) ? request[0] : undefined;
    return typeof name === "string" && Object.hasOwn(table, name) && table[name]?.operation.isStarted === true;
  }

  /** Tells whether what the call started has failed. */
  #judgeStarted(): boolean {
    if (this.#started === undefined || this.#started.call !== this.call)
      throw new ProtocolViolation("a request after a start, and nothing was started");
    return this.#started.hasFailed;
  }

  /**
   * Waits for what the host has asked for: the beginning of the call, since it has the guest run without waiting for our answer; the end of
   * the IPAM plugin's call, whose addresses the guest may have already. Those requests were sent before the guest's, so they have
   * been read once this turn of the event loop is over.
   */
  async #awaitTurn({ isAfterIpam }: Asked): Promise<void> {
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

function tooEarly(): ProtocolViolation {
  return new ProtocolViolation("a request before the answer to the last one");
}

/** A request, and what it comes after. */
interface Asked {
  readonly request: unknown;
  readonly isAfterIpam: boolean;
  readonly isAfterStart: boolean;
}

/** Reads what a request comes after. Does not trust: what is not of that form is a request, and judged as one. */
function readAfter(frame: unknown): Asked {
  const isAfter = Array.isArray(frame) && frame.length === 3 && frame[0] === AFTER && Array.isArray(frame[1]);
  if (!isAfter) return { request: frame, isAfterIpam: false, isAfterStart: false };
  const [, earlier, request] = frame as [string, readonly unknown[], unknown];
  return { request, isAfterIpam: earlier.includes("ipam"), isAfterStart: earlier.includes("start") };
}

/**
 * Makes the answer to a batch that is not done.
 * @throws {ProtocolViolation} when it is no batch: nothing else may come before the answer to what was started.
 */
function notStarted(request: unknown): BatchAnswer {
  const [name, first] = Array.isArray(request) ? (request as readonly unknown[]) : [];
  if (name !== BATCH || !Array.isArray(first)) throw new ProtocolViolation("no batch, after a start");
  return { err: { index: 0, operation: String(first[0]).slice(0, NAME_MAX_CHARACTERS), error: NOT_STARTED } };
}

/** Characters of an operation's name that are said back. */
const NAME_MAX_CHARACTERS = 64;

function reasonOf(error: unknown): string {
  if (error instanceof ProtocolViolation || error instanceof CniError) return error.message;
  if (error instanceof RangeError || error instanceof SyntaxError) return error.message.slice(0, REASON_MAX_CHARACTERS);
  return `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** JSON's errors quote what they met. */
const REASON_MAX_CHARACTERS = 200;
