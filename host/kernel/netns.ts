/**
 * @module Network namespaces. The only file that enters one.
 *
 * A path to a namespace is hostile input: it is opened with O_PATH (which opens no device, waits for no FIFO), and only when it
 * lies on nsfs it is opened again for use. A namespace is known by its cookie: inode numbers are given again.
 */

import { closeSync, constants, fstatSync, openSync, stat, statfsSync } from "node:fs";

import { convertSystemError, isKernelError, KernelError } from "./error.ts";
import { checked, closeDescriptor, controlDevice, getSocketOption, setNamespace, socket } from "./libc.ts";
import { countKernelTime } from "./time.ts";

/** File system of namespaces. Source: NSFS_MAGIC, linux/magic.h. */
const NSFS_MAGIC = 0x6e736673;
/** Kind of a network namespace. Source: CLONE_NEWNET, linux/sched.h. */
const CLONE_NEWNET = 0x40000000;
/** Asks a namespace's kind. Source: NS_GET_NSTYPE = _IO(0xb7, 3), linux/nsfs.h. */
const NS_GET_NSTYPE = 0xb703;
/** Asks a socket's namespace for a descriptor; needs CAP_NET_ADMIN in it. Source: linux/sockios.h. */
const SIOCGSKNS = 0x894c;
/** Opens without using. Source: O_PATH, asm-generic/fcntl.h; the same on x86-64 and arm64. */
const O_PATH = 0o10000000;
/** Source: bits/socket.h. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
/** Source: asm-generic/socket.h, Linux 5.14. */
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;
/** Longest path that the kernel takes, its NUL included. Source: PATH_MAX, linux/limits.h. */
const PATH_MAX_BYTES = 4096;

/** An open network namespace. It stays while it is open, whoever leaves it. */
export interface Netns extends Disposable {
  /** Descriptor, close-on-exec. */
  readonly fd: number;
  /** Number of the namespace that is never given again until the next boot. */
  readonly cookie: bigint;
  readonly device: bigint;
  readonly inode: bigint;
}

/** Why a path leads to no namespace: nothing is there, or something else. */
export type NetnsErrorReason = "missing" | "not-a-namespace";

/** A path that is no network namespace. */
export class NetnsError extends KernelError {
  override readonly name: string = "NetnsError";
  readonly reason: NetnsErrorReason;

  constructor(reason: NetnsErrorReason, path: string) {
    super(reason === "missing" ? "ENOENT" : "EINVAL", "open network namespace", `${JSON.stringify(path)} is ${reason}`);
    this.reason = reason;
  }
}

/**
 * Opens the network namespace that an absolute path leads to. Does not trust: the path may be anything.
 * @throws {NetnsError} `missing` when nothing is there, `not-a-namespace` when something else is.
 * @throws {KernelError} when the namespace may not be opened (EACCES).
 */
export function openNetns(path: string): Netns {
  if (!path.startsWith("/") || path.includes("\0") || Buffer.byteLength(path) >= PATH_MAX_BYTES) {
    throw new NetnsError("not-a-namespace", path);
  }
  return countKernelTime(() => {
    const fd = openPath(path);
    try {
      return reopen(fd, path);
    } finally {
      closeSync(fd);
    }
  });
}

/** Opens the namespace that this process is in. */
export function openOwnNetns(): Netns {
  return openNetns("/proc/thread-self/ns/net");
}

/**
 * Opens the namespace that a socket is in.
 * @throws {KernelError} EPERM without CAP_NET_ADMIN in that namespace.
 */
export function openNetnsOfSocket(fd: number): Netns {
  return describe(checked("ioctl SIOCGSKNS", controlDevice(fd, SIOCGSKNS, 0)));
}

/** Opens without using: neither a FIFO nor a device notices. */
function openPath(path: string): number {
  try {
    return openSync(path, O_PATH);
  } catch (cause) {
    const error = convertSystemError("open network namespace", cause);
    if (isKernelError(error, "ENOENT") || isKernelError(error, "ENOTDIR")) throw new NetnsError("missing", path);
    throw error;
  }
}

/** Checks what O_PATH opened, and opens it for use: by then it can no longer be exchanged. */
function reopen(pathFd: number, path: string): Netns {
  const itself = `/proc/self/fd/${pathFd}`;
  if (statfsSync(itself).type !== NSFS_MAGIC) throw new NetnsError("not-a-namespace", path);
  const fd = openSync(itself, constants.O_RDONLY);
  if (controlDevice(fd, NS_GET_NSTYPE, 0) !== CLONE_NEWNET) {
    closeSync(fd);
    throw new NetnsError("not-a-namespace", path);
  }
  return describe(fd);
}

function describe(fd: number): Netns {
  try {
    const { dev: device, ino: inode } = fstatSync(fd, { bigint: true });
    const cookie = enter(fd, readOwnCookie);
    let open = true;
    const close = (): void => {
      // Once only: by the second time the number may be another file's.
      if (open) closeDescriptor(fd);
      open = false;
    };
    return { fd, cookie, device, inode, [Symbol.dispose]: close };
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/**
 * Reads the cookie of the namespace that a socket is in.
 * @throws {KernelError} ENOPROTOOPT before Linux 5.14.
 */
export function readNetnsCookie(socketFd: number): bigint {
  const cookie = Buffer.alloc(8);
  const bytes = Buffer.from(Uint32Array.of(cookie.length).buffer);
  checked("getsockopt SO_NETNS_COOKIE", getSocketOption(socketFd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, bytes));
  return cookie.readBigUInt64LE();
}

function readOwnCookie(): bigint {
  const fd = checked("socket", socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  try {
    return readNetnsCookie(fd);
  } finally {
    closeDescriptor(fd);
  }
}

/**
 * Runs a synchronous function inside a namespace, and comes back also when it throws. Sockets that it opens stay there.
 * It must not start anything asynchronous: threads would not notice, and new ones would stay.
 * @throws {KernelError} when the namespace cannot be entered; whatever the function throws.
 */
export function runInNetns<Result>(netns: Pick<Netns, "fd">, run: () => Result): Result {
  const result = enter(netns.fd, run);
  if (result instanceof Promise) throw new Error("unreachable: asynchronous function inside a namespace");
  return result;
}

/** Descriptor of the namespace that this thread is in; first its own, opened before any other is entered. */
let currentFd: number | undefined;

function enter<Result>(fd: number, run: () => Result): Result {
  if (currentFd === undefined) {
    void startThreadPool();
    currentFd = openSync("/proc/thread-self/ns/net", constants.O_RDONLY);
  }
  const before = currentFd;
  checked("setns", setNamespace(fd, CLONE_NEWNET));
  currentFd = fd;
  try {
    return run();
  } finally {
    // A process that cannot come back would do everything from now on to a container: it has to end.
    if (setNamespace(before, CLONE_NEWNET) !== 0) process.abort();
    currentFd = before;
  }
}

let poolStarted: Promise<void> | undefined;

/** Submits one task: libuv then makes all its threads, at once and before the submission returns. Source: init_threads, src/threadpool.c, libuv 1.51. */
function startThreadPool(): Promise<void> {
  poolStarted ??= new Promise((resolve) => {
    stat("/", () => resolve());
  });
  return poolStarted;
}

/**
 * Starts the thread pool, so that none of its threads is ever made inside a namespace: threads inherit the one of their maker.
 * The first {@link runInNetns} does it too; calling it at start-up takes it off the first operation's time.
 */
export function warmThreadPool(): Promise<void> {
  return startThreadPool();
}
