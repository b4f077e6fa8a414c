/**
 * @module The kernel's refusal of a request, in a message of its answer.
 */
import { KernelError } from "../error.ts";
import { errnoName } from "../libc.ts";
import { MESSAGE_DONE, MESSAGE_ERROR, readAcknowledgement, type Message } from "./codec.ts";

/** Bytes of the error number that a message of the type DONE begins with. */
const DONE_ERRNO_BYTES = 4;

/**
 * Throws what a message says of a request that failed; any other message passes.
 * @throws {KernelError} with the kernel's error; EPROTO for an acknowledgement that is none.
 */
export function throwRefusal(message: Message, call: string): void {
  if (message.type === MESSAGE_DONE && message.payload.length >= DONE_ERRNO_BYTES) {
    const errno = -message.payload.readInt32LE(0);
    if (errno > 0) throw new KernelError(errnoName(errno), call);
  }
  if (message.type !== MESSAGE_ERROR) return;
  const answer = readAcknowledgement(message);
  if (answer === undefined) throw new KernelError("EPROTO", call);
  if (answer.errno !== 0) throw new KernelError(errnoName(answer.errno), call, answer.text);
}
