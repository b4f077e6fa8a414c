/**
 * @module File locks that the kernel frees with the process that holds them.
 */

import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { KernelError, withErrno } from "./error.ts";
import { lastErrno, lockFile } from "./libc.ts";

/** Source: flock(2), asm-generic/fcntl.h. */
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
/** Shortest and longest pause between two tries, in milliseconds. */
const PAUSE_MIN_MS = 2;
const PAUSE_MAX_MS = 50;
/** Pause between two tries of {@link lockNow}, in milliseconds. */
const PAUSE_NOW_MS = 1;

/** Held beside others of the same kind, or by one alone. */
export type LockKind = "shared" | "exclusive";

/** A lock that is held. Disposing it frees it and leaves the file. */
export interface Lock extends Disposable {
  readonly path: string;
  /** Descriptor that carries the lock, close-on-exec. */
  readonly fd: number;
  /** Removes the file, then frees the lock. */
  remove(): void;
}

/** A lock whose file stays open: it is taken and freed again and again, alone or shared with others. The file is never removed. */
export interface LockFile extends Disposable {
  readonly path: string;
  /**
   * Takes the lock. Does not wait; `false`: somebody else's kind excludes it. Whoever has it frees it before asking for the other kind.
   * @throws {KernelError} what flock(2) says otherwise.
   */
  tryLock(kind: LockKind): boolean;
  /** Frees the lock. */
  unlock(): void;
}

/**
 * Opens the file of a lock, which is made (mode 0600) where it is missing. The lock is not taken.
 * @throws {KernelError} as {@link tryLock}.
 */
export function openLockFile(path: string): LockFile {
  const fd = openLock(path);
  return {
    path,
    tryLock: (kind) => lockOpened(fd, kind),
    unlock: () => void lockFile(fd, LOCK_UN),
    [Symbol.dispose]: () => closeSync(fd),
  };
}

/**
 * Takes the lock of a file, which is made (mode 0600) where it is missing. Does not wait. A second lock of the same process is refused too.
 * A shared one is held beside others that are shared; whoever has one does not remove the file.
 * @returns `undefined` when somebody holds it.
 * @throws {KernelError} ENOENT without its directory, ELOOP for a symbolic link, EACCES.
 */
export function tryLock(path: string, kind: LockKind = "exclusive"): Lock | undefined {
  // Once more when the file was removed between open and lock: then the lock is on a file that nobody else will open.
  for (;;) {
    const fd = openLock(path);
    if (!lockOrClose(fd, kind)) return undefined;
    if (isStillAt(path, fd)) return holdLock(path, fd);
    closeSync(fd);
  }
}

/**
 * Takes the lock of a file, and waits for it.
 * @returns `undefined` when somebody still holds it after `timeoutMs`.
 * @throws {KernelError} as {@link tryLock}.
 */
export async function lock(path: string, timeoutMs: number): Promise<Lock | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = PAUSE_MIN_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
    const taken = tryLock(path);
    if (taken !== undefined || performance.now() >= deadline) return taken;
    // Not flock(2) on the thread pool: waiters would fill it, and whoever holds the lock may need a thread.
    await sleep(pauseMs);
  }
}

/**
 * Takes the lock of a file and waits for it with this thread: for a lock that others hold for a moment only.
 * @returns `undefined` when somebody still holds it after `timeoutMs`.
 * @throws {KernelError} as {@link tryLock}.
 */
export function lockNow(path: string, timeoutMs: number, kind: LockKind = "exclusive"): Lock | undefined {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const taken = tryLock(path, kind);
    if (taken !== undefined || performance.now() >= deadline) return taken;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_NOW_MS);
  }
}

function openLock(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  return withErrno("open lock", () => openSync(path, flags, 0o600));
}

/** Takes the lock of a descriptor; `false`: somebody holds it. */
function lockOpened(fd: number, kind: LockKind): boolean {
  if (lockFile(fd, (kind === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB) === 0) return true;
  const errno = lastErrno();
  if (errno === "EAGAIN") return false;
  throw new KernelError(errno, "flock");
}

/** Takes a lock, or closes the descriptor. */
function lockOrClose(fd: number, kind: LockKind): boolean {
  let isHeld = false;
  try {
    isHeld = lockOpened(fd, kind);
    return isHeld;
  } finally {
    if (!isHeld) closeSync(fd);
  }
}

function isStillAt(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false, bigint: true });
  return there !== undefined && there.ino === fstatSync(fd, { bigint: true }).ino;
}

function holdLock(path: string, fd: number): Lock {
  let held = true;
  const release = (): void => {
    if (held) closeSync(fd);
    held = false;
  };
  const remove = (): void => {
    if (held) withErrno("unlink lock", () => unlinkSync(path));
    release();
  };
  return { path, fd, remove, [Symbol.dispose]: release };
}
