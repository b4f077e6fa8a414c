/**
 * @module Operations that a guest has put off, to be sent in one frame.
 */
import { OPERATION_FRAME_MAX_BYTES } from "../helper/frames.ts";
import { BATCH } from "../helper/sandbox-protocol.ts";
import type { CallMeter } from "./limits.ts";

/** An open batch. Keeps text, not values: what it holds is bounded as soon as it comes. */
export class Batch {
  readonly #meter: CallMeter;
  #requests: string[] = [];
  #bytes = 0;

  constructor(meter: CallMeter) {
    this.#meter = meter;
  }

  get isEmpty(): boolean {
    return this.#requests.length === 0;
  }

  /**
   * Puts an operation off.
   * @throws {LimitReached} when the batch is longer than a frame may be.
   */
  add(operation: string, args: readonly unknown[]): void {
    const request = JSON.stringify([operation, ...args]);
    this.#bytes += Buffer.byteLength(request) + 1;
    if (this.#bytes > OPERATION_FRAME_MAX_BYTES) this.#meter.reach(`${OPERATION_FRAME_MAX_BYTES} bytes of arguments`);
    this.#requests.push(request);
  }

  /** Gives the text of the frame. */
  toText(): string {
    return `[${[JSON.stringify(BATCH), ...this.#requests].join(",")}]`;
  }
}
