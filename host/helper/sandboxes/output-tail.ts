/**
 * @module Keeps the end of what a fenced process writes.
 */
import type { Readable } from "node:stream";

/** Bytes that are kept. */
const KEPT_BYTES = 8 * 1024;
/** Bytes after which nobody listens any more: a sandbox has nothing to say there. */
const READ_BYTES = 256 * 1024;

/** The last bytes of one or more streams, in order of arrival. */
export class OutputTail {
  #kept: Buffer = Buffer.alloc(0);
  #readBytes = 0;

  /** Reads a stream until it ends, or has said too much and is closed. */
  follow(stream: Readable): void {
    stream.on("data", (chunk: Buffer) => {
      this.#readBytes += chunk.byteLength;
      this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-KEPT_BYTES);
      if (this.#readBytes > READ_BYTES) stream.destroy();
    });
    stream.on("error", () => stream.destroy());
  }

  /** Untrusted text. */
  text(): string {
    return this.#kept.toString("utf8");
  }
}
