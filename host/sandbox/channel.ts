/**
 * @module A channel of a sandbox: frames over an inherited descriptor, every read and write blocking.
 *
 * The process has nothing else to do while it waits: a guest runs in it, one call at a time.
 */
import { readSync, writeSync } from "node:fs";
import { encodeFrame, FRAME_HEADER_BYTES } from "../helper/frames.ts";

/** Bytes read at a time. */
const READ_BYTES = 64 * 1024;
/** How long to sleep when a descriptor that should block does not. */
const RETRY_MS = 1;

/** The other side is gone, or does not speak the protocol: the process is to end. */
export class ChannelClosed extends Error {
  override readonly name = "ChannelClosed";
  /** The other side ended the channel, as it does when it needs the process no more. */
  readonly isEnd: boolean;

  constructor(message: string, options: { readonly isEnd?: boolean } = {}) {
    super(message);
    this.isEnd = options.isEnd ?? false;
  }
}

/** Reads and writes frames on one descriptor. */
export class BlockingChannel {
  readonly #descriptor: number;
  readonly #maxBytes: number;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #start = 0;
  #end = 0;

  /** `maxBytes`: longest frame in either direction. */
  constructor(descriptor: number, maxBytes: number) {
    this.#descriptor = descriptor;
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads one frame, parsed.
   * @throws {ChannelClosed} when the other side is gone or the frame is too long.
   */
  readFrame(): unknown {
    const length = this.readBytes(FRAME_HEADER_BYTES).readUInt32LE(0);
    if (length > this.#maxBytes) throw new ChannelClosed(`frame of ${length} bytes, ${this.#maxBytes} permitted`);
    return JSON.parse(this.readBytes(length).toString("utf8"));
  }

  /** Reads so many bytes, copied. */
  readBytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let offset = 0;
    while (offset < length) {
      if (this.#start < this.#end) {
        const count = Math.min(length - offset, this.#end - this.#start);
        this.#buffer.copy(bytes, offset, this.#start, this.#start + count);
        this.#start += count;
        offset += count;
      } else if (length - offset >= READ_BYTES) {
        offset += this.#read(bytes, offset, length - offset);
      } else {
        this.#end = this.#read(this.#buffer, 0, READ_BYTES);
        this.#start = 0;
      }
    }
    return bytes;
  }

  /** Writes one frame, and gives its length. Nothing is written when it is too long. */
  writeFrame(value: unknown): number {
    return this.writeEncoded(encodeFrame(value));
  }

  /**
   * Writes a frame that is encoded already.
   * @throws {ChannelClosed} when the other side is gone or the frame is too long.
   */
  writeEncoded(frame: Buffer): number {
    if (frame.byteLength - FRAME_HEADER_BYTES > this.#maxBytes)
      throw new ChannelClosed(`frame of ${frame.byteLength} bytes, ${this.#maxBytes} permitted`);
    for (let offset = 0; offset < frame.byteLength;) offset += retry(() => writeSync(this.#descriptor, frame, offset));
    return frame.byteLength;
  }

  #read(target: Buffer, offset: number, length: number): number {
    const count = retry(() => readSync(this.#descriptor, target, offset, length, null));
    if (count === 0) throw new ChannelClosed("the other side is gone", { isEnd: true });
    return count;
  }
}

const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/** Repeats a system call that was interrupted, or whose descriptor does not block. */
function retry(call: () => number): number {
  for (;;) {
    try {
      return call();
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EAGAIN") Atomics.wait(SLEEPER, 0, 0, RETRY_MS);
      else if (code !== "EINTR") throw new ChannelClosed(`descriptor failed: ${String(code)}`);
    }
  }
}
