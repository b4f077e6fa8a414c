/**
 * @module What one call may use up. Time is measured by the host, which ends the process; the rest is counted here.
 */
import type { Limits } from "../helper/protocol.ts";

/** What a log line counts over its text, so that empty lines are bounded, too. */
const LOG_LINE_OVERHEAD_BYTES = 32;

/** A limit was reached. Traps the guest; what it does about it changes nothing: the call is answered with the limit. */
export class LimitReached extends Error {
  override readonly name = "LimitReached";
}

/** Counts what one call after the other uses. */
export class CallMeter {
  readonly #limits: Limits;
  #hostCalls = 0;
  #logBytes = 0;
  #droppedLines = 0;
  #reached: string | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Starts a call: everything at zero. */
  reset(): void {
    this.#hostCalls = 0;
    this.#logBytes = 0;
    this.#droppedLines = 0;
    this.#reached = undefined;
  }

  get hostCalls(): number {
    return this.#hostCalls;
  }

  /** Lines of the log that were dropped. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** The limit that was reached, as text with its value and unit; `undefined`: none. */
  get reached(): string | undefined {
    return this.#reached;
  }

  /**
   * Counts one operation that leaves the sandbox.
   * @throws {LimitReached} when it is one too many.
   */
  countHostCall(): void {
    this.#hostCalls += 1;
    if (this.#hostCalls > this.#limits.hostCalls) this.reach(`${this.#limits.hostCalls} host calls`);
  }

  /** Counts a log line; `false`: it is one too many, and dropped. */
  takeLogLine(bytes: number): boolean {
    this.#logBytes += bytes + LOG_LINE_OVERHEAD_BYTES;
    if (this.#logBytes <= this.#limits.logBytes) return true;
    this.#droppedLines += 1;
    return false;
  }

  /** Checks the length of a result. */
  checkResult(bytes: number): void {
    if (bytes > this.#limits.resultBytes && this.#reached === undefined)
      this.#reached = `a result of ${bytes} bytes, ${this.#limits.resultBytes} permitted`;
  }

  /**
   * Notes that a limit is reached.
   * @throws {LimitReached} always.
   */
  reach(limit: string): never {
    this.#reached ??= limit;
    throw new LimitReached(`limit reached: ${limit}`);
  }
}
