/**
 * @module Frames: how every channel between host, helper and sandbox is cut up. No schema library, so that the shim can load it.
 */

/** Longest frame in bytes on the host's channels. A longer one ends the connection. */
export const CONTROL_FRAME_MAX_BYTES = 4 * 1024 * 1024;
/** Longest frame in bytes that a sandbox may send to the helper. A longer one is a breach. */
export const OPERATION_FRAME_MAX_BYTES = 64 * 1024;
/** Bytes of a frame's length field. */
export const FRAME_HEADER_BYTES = 4;

/** Writes one frame. */
export function encodeFrame(value: unknown): Buffer {
  return encodeText(JSON.stringify(value));
}

/** Writes one frame whose JSON is made already. */
export function encodeText(json: string): Buffer {
  const body = Buffer.from(json, "utf8");
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.byteLength);
  frame.writeUInt32LE(body.byteLength, 0);
  body.copy(frame, FRAME_HEADER_BYTES);
  return frame;
}

/** Cuts a stream of bytes into frames. Does not trust: a length over the limit throws before anything is kept. */
export class FrameReader {
  readonly #maxBytes: number;
  #pending: Buffer = Buffer.alloc(0);

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes the next bytes and gives the frames that they complete, parsed.
   * @throws {RangeError} when a frame is longer than the limit.
   * @throws {SyntaxError} when a frame is not JSON.
   */
  push(chunk: Buffer): unknown[] {
    this.#pending = this.#pending.byteLength === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const frames: unknown[] = [];
    for (;;) {
      if (this.#pending.byteLength < FRAME_HEADER_BYTES) return frames;
      const length = this.#pending.readUInt32LE(0);
      if (length > this.#maxBytes) throw new RangeError(`frame of ${length} bytes, ${this.#maxBytes} permitted`);
      const end = FRAME_HEADER_BYTES + length;
      if (this.#pending.byteLength < end) return frames;
      frames.push(JSON.parse(this.#pending.toString("utf8", FRAME_HEADER_BYTES, end)));
      this.#pending = this.#pending.subarray(end);
    }
  }

  /** Bytes that wait for the rest of their frame. */
  get pendingBytes(): number {
    return this.#pending.byteLength;
  }

  /** Gives up the bytes that wait, and forgets them. */
  takePending(): Buffer {
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    return rest;
  }
}
