/**
 * @module Who is at the other end of a unix socket, and descriptors that Node keeps to itself.
 */

import { checked, controlDescriptor, getSocketOption } from "./libc.ts";

/** Source: asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Source: asm-generic/fcntl.h. */
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_NONBLOCK = 0o4000;
/** Lowest descriptor that a copy gets: 0 to 2 are not for copies. */
const FIRST_COPY = 3;

/** Who connected. Source: SO_PEERCRED, unix(7). */
export interface PeerCredentials {
  /** Process id as seen by this process; 0 when it is in a PID namespace this one does not see. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Reads who is at the other end of a connected unix socket, as of connect(2).
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 4 | pid |
 * | 4 | 4 | uid |
 * | 8 | 4 | gid |
 * Source: `struct ucred`, linux/socket.h.
 * @throws {KernelError} ENOTSOCK and the like.
 */
export function readPeerCredentials(fd: number): PeerCredentials {
  const value = Buffer.alloc(12);
  const bytes = Buffer.from(Uint32Array.of(value.length).buffer);
  checked("getsockopt SO_PEERCRED", getSocketOption(fd, SOL_SOCKET, SO_PEERCRED, value, bytes));
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/**
 * Makes a descriptor block, as a sandbox needs it that reads synchronously. It does so for every copy of it.
 * @throws {KernelError} EBADF.
 */
export function clearNonBlocking(fd: number): void {
  const flags = checked("fcntl F_GETFL", controlDescriptor(fd, F_GETFL, 0));
  checked("fcntl F_SETFL", controlDescriptor(fd, F_SETFL, flags & ~O_NONBLOCK));
}

/**
 * Copies a descriptor, close-on-exec.
 * @throws {KernelError} EBADF, EMFILE.
 */
export function duplicateDescriptor(fd: number): number {
  return checked("fcntl F_DUPFD_CLOEXEC", controlDescriptor(fd, F_DUPFD_CLOEXEC, FIRST_COPY));
}
