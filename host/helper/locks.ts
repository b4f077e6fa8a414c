/**
 * @module Locks between helpers. The kernel frees them with the process that holds them: no lock is ever stale.
 */
import { hash } from "node:crypto";
import { fstatSync, rmSync, statSync } from "node:fs";
import { layoutOf } from "../components/layout.ts";
import { tryLock } from "../kernel/flock.ts";
import { CniError } from "../spec/error.ts";

/** A lock that is held until it is released or its process ends. */
export interface HeldLock extends Disposable {
  readonly path: string;
  /** Releases the lock and removes its file. */
  release(): void;
}

/** The locks of a state directory. Each method gives `undefined` when somebody else, this process included, holds it. */
export interface Locks {
  /** One verb at a time for a container id. */
  container(containerId: string): HeldLock | undefined;
  /** Held as long as the operation lives. Whoever gets it of an unfinished operation may undo that. */
  operation(operationId: string): HeldLock | undefined;
  /** Held by GC, which runs alone. */
  gc(): HeldLock | undefined;
  /** A uid that one sandbox uses. */
  uid(uid: number): HeldLock | undefined;
}

/** Gives the locks of a state directory that is there. */
export function openLocks(stateDir: string): Locks {
  const layout = layoutOf(stateDir);
  return {
    container: (containerId) => take(layout.containerLock(hash("sha256", containerId, "hex").slice(0, 32))),
    operation: (operationId) => take(layout.call(operationId)),
    gc: () => take(`${layout.locksDir}/gc`),
    uid: (uid) => take(`${layout.locksDir}/uid-${uid}`),
  };
}

/** Attempts to lock a file that another holder may remove at the same moment. */
const ATTEMPTS = 16;

function take(path: string): HeldLock | undefined {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const lock = tryLock(path);
    if (lock === undefined) return undefined;
    // A holder removes the file before it lets go: what was locked may be a file without a name, which locks nothing.
    if (fstatSync(lock.fd, { bigint: true }).ino === inodeOf(path)) return held(path, lock);
    lock[Symbol.dispose]();
  }
  throw new CniError("stateUnusable", `lock file ${JSON.stringify(path)} keeps changing`);
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function held(path: string, lock: Disposable): HeldLock {
  let isHeld = true;
  const release = (): void => {
    if (!isHeld) return;
    isHeld = false;
    rmSync(path, { force: true });
    lock[Symbol.dispose]();
  };
  return { path, release, [Symbol.dispose]: release };
}
