/**
 * @module The descriptor of a socket of Node's.
 */
import type { Socket } from "node:net";

/**
 * Descriptor of a connected socket. Node has no public way to it.
 * @throws {Error} when it is closed.
 */
export function descriptorOf(socket: Socket): number {
  const { _handle: inner } = socket as unknown as { readonly _handle: { readonly fd: number } | null };
  if (inner === null || inner.fd < 0) throw new Error("the connection is closed");
  return inner.fd;
}
