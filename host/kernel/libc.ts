/**
 * @module The libc calls that Node has no function for. With `nftables.ts` the only user of koffi.
 *
 * Prototypes are compiled once. Buffers are passed as they are, nothing is copied: a call costs 0.1 to 0.3 µs besides the kernel.
 */

import koffi, { type KoffiFunc } from "koffi";

import { KernelError } from "./error.ts";

const libc = koffi.load(null);

type Send = (fd: number, message: Uint8Array, bytes: number, flags: number) => number;

/** socket(2). */
export const socket = libc.func("int socket(int, int, int)") as KoffiFunc<
  (domain: number, type: number, protocol: number) => number
>;
/** connect(2). */
export const connect = libc.func("int connect(int, const void *, uint)") as KoffiFunc<
  (fd: number, address: Uint8Array, bytes: number) => number
>;
/** send(2). Its `async` runs on the thread pool. */
export const send = libc.func("long send(int, const void *, size_t, int)") as KoffiFunc<Send>;
/** recv(2). */
export const receive = libc.func("long recv(int, void *, size_t, int)") as KoffiFunc<Send>;
/** setsockopt(2). */
export const setSocketOption = libc.func("int setsockopt(int, int, int, const void *, uint)") as KoffiFunc<
  (...args: [fd: number, level: number, option: number, value: Uint8Array, bytes: number]) => number
>;
/** getsockopt(2). `bytes` holds a u32: the room in `value`, then what was written. */
export const getSocketOption = libc.func("int getsockopt(int, int, int, void *, void *)") as KoffiFunc<
  (...args: [fd: number, level: number, option: number, value: Uint8Array, bytes: Uint8Array]) => number
>;
/** setns(2). `netns.ts` alone calls it. */
export const setNamespace = libc.func("int setns(int, int)") as KoffiFunc<(fd: number, kind: number) => number>;
/** flock(2). */
export const lockFile = libc.func("int flock(int, int)") as KoffiFunc<(fd: number, operation: number) => number>;
/** fcntl(2) with a number. */
export const controlDescriptor = libc.func("int fcntl(int, int, long)") as KoffiFunc<
  (fd: number, command: number, argument: number) => number
>;
/** ioctl(2) without an argument. */
export const controlDevice = libc.func("int ioctl(int, ulong, long)") as KoffiFunc<
  (fd: number, request: number, argument: number) => number
>;
/** syscall(2) for keyctl(2), which libc has no function for: the number of keyctl, its operation, one argument. */
export const controlKeys = libc.func("long syscall(long, long, long)") as KoffiFunc<
  (number: number, operation: number, argument: number) => number
>;
/** close(2): `fs.closeSync` counts descriptors that Node opened and warns about others. */
export const closeDescriptor = libc.func("int close(int)") as KoffiFunc<(fd: number) => number>;

/** strerror(3), in the C locale. */
export const describeErrno = libc.func("const char *strerror(int)") as KoffiFunc<(errno: number) => string>;

/** Names by number. Names that share a number: the one the kernel's manual uses. Source: errno(3). */
const ERRNO_NAMES = new Map<number, string>(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
for (const name of ["EAGAIN", "EDEADLK", "EOPNOTSUPP"]) ERRNO_NAMES.set(koffi.os.errno[name] ?? 0, name);

/** Gives the name of an error number, such as `EEXIST`; one without a name as `E<number>`. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES.get(errno) ?? `E${errno}`;
}

/** Gives the name of the error of the last libc call. Only right after it. */
export function lastErrno(): string {
  return errnoName(koffi.errno());
}

/**
 * Gives the result of a libc call.
 * @throws {KernelError} with the error of the call when the result is negative.
 */
export function checked(call: string, result: number): number {
  if (result < 0) throw new KernelError(lastErrno(), call);
  return result;
}
