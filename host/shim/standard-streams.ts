/**
 * @module Reads stdin and writes the answer, also where another process made a pipe non-blocking, or closed it.
 */
import { readSync, writeSync } from "node:fs";

const CHUNK_BYTES = 64 * 1024;
/** How long to sleep while a non-blocking pipe is empty or full, in milliseconds. */
const PAUSE_MS = 1;

/** Reads a descriptor to its end, or until it gave more than a number of bytes. A closed one is empty. */
export function readAll(fd: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total <= maxBytes) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = whenReady(() => readSync(fd, chunk)) ?? 0;
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/** Writes all of a text. Nobody reads it: it is dropped. */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  for (let offset = 0; offset < bytes.byteLength;) {
    const count = whenReady(() => writeSync(fd, bytes, offset));
    if (count === undefined) return;
    offset += count;
  }
}

/** Repeats a step while it would block; `undefined` when it fails. */
function whenReady(step: () => number): number | undefined {
  for (;;) {
    try {
      return step();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return undefined;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
