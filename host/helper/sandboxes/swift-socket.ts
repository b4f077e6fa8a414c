/**
 * @module A socket without the parts of a stream that one short question and one short answer at a time do not need: it reads into one
 * buffer of its own, and writes at once. A third of what an operation costs besides its own work goes with them.
 */
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { duplicateDescriptor } from "../../kernel/peer.ts";
import { descriptorOf } from "../descriptor.ts";

/** Bytes read at a time. */
const READ_BYTES = 64 * 1024;

/** A connected socket that answers quickly. */
export class SwiftSocket extends Socket {
  readonly #descriptor: number;

  private constructor(descriptor: number) {
    super({
      fd: descriptor,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BYTES),
        // What is read next overwrites the buffer.
        callback: (bytes, buffer) => this.emit("data", Buffer.from(buffer.subarray(0, bytes))),
      },
    });
    this.#descriptor = descriptor;
  }

  /** Takes a connected socket over; nothing has been read from it yet. */
  static takeOver(socket: Socket): SwiftSocket {
    const taken = new SwiftSocket(duplicateDescriptor(descriptorOf(socket)));
    socket.destroy();
    return taken;
  }

  /** Writes at once where nothing waits and the other side has room; what is left over waits like any other write. */
  send(bytes: Buffer): void {
    const written = this.writableLength === 0 ? tryWrite(this.#descriptor, bytes) : 0;
    if (written < bytes.byteLength) this.write(bytes.subarray(written));
  }
}

/** Gives how many bytes were written; 0: no room, or nobody there, which the stream finds out by itself. */
function tryWrite(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes);
  } catch {
    return 0;
  }
}
