/**
 * @module Locks between helpers. The kernel frees them with the process that holds them: no lock is ever stale.
 */
import { hash } from "node:crypto";
import { layoutOf } from "../components/layout.ts";
import { tryLock } from "../kernel/flock.ts";
import { CniError } from "../spec/error.ts";

/** A lock that is held until it is released or its process ends. */
export interface HeldLock extends Disposable {
  readonly path: string;
  /** Removes the lock's file and frees the lock. A second time does nothing. */
  release(): void;
}

/**
 * The locks of a state directory. Each method gives `undefined` when somebody else, or another part of this process, holds it.
 * @throws {CniError} stateUnusable when the lock's file cannot be made.
 */
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

function take(path: string): HeldLock | undefined {
  const lock = attempt(path, () => tryLock(path));
  if (lock === undefined) return undefined;
  const release = (): void => attempt(path, () => lock.remove());
  return { path, release, [Symbol.dispose]: release };
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new CniError("stateUnusable", `lock ${JSON.stringify(path)} cannot be used`, {
      details: cause instanceof Error ? cause.message : "",
      cause,
    });
  }
}
