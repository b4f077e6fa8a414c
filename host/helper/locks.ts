/**
 * @module Locks between helpers. The kernel frees them with the process that holds them: no lock is ever stale.
 */
import { hash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { layoutOf } from "../components/layout.ts";
import { tryLock } from "../kernel/flock.ts";
import { CniError } from "../spec/error.ts";
import { withinPoints } from "../spec/fault-points.ts";
import { ageMsOf } from "./age.ts";
import { GcLock } from "./gc-lock.ts";
import type { Hold } from "./gc-lock.ts";

/** A lock with a file of its own. */
export interface HeldLock extends Hold, Disposable {
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
  /** Whether an operation's lock is held. Somebody who asks at the same moment may be told so of one that is not. */
  isAlive(operationId: string): boolean;
  /** Held by a GC alone, or by verbs of containers together: see {@link GcLock}. */
  gc(kind: "shared" | "exclusive"): Hold | undefined;
  /** A uid that one sandbox uses. */
  uid(uid: number): HeldLock | undefined;
  /** Removes the files of locks whose holders died. Gives how many went. */
  removeAbandoned(): number;
}

const UID_PREFIX = "uid-";
const CONTAINER_PREFIX = "container-";
/** Its file stays: helpers have it open. */
const GC_NAME = "gc";
/** Age from which a container's lock may be tried: whoever wants a younger one must not meet this helper at it, and be refused. */
const ABANDONED_AFTER_MS = 60_000;
/** An operation's lock that is this young may be held by {@link Locks.removeAbandoned}, for a moment. */
const YOUNG_MS = 200;
const YOUNG_ATTEMPTS = 5;
const YOUNG_PAUSE_MS = 1;

/** Gives the locks of a state directory that is there. */
export function openLocks(stateDir: string): Locks {
  const layout = layoutOf(stateDir);
  const gc = new GcLock(`${layout.locksDir}/${GC_NAME}`);
  return {
    container: (containerId) =>
      withinPoints("helper.lock", "container", () =>
        take(layout.containerLock(hash("sha256", containerId, "hex").slice(0, 32))),
      ),
    operation: (operationId) => withinPoints("helper.lock", "operation", () => takeOperation(layout.call(operationId))),
    isAlive: (operationId) => !isFree(layout.call(operationId)),
    gc: (kind) => withinPoints("helper.lock", `gc ${kind}`, () => attempt(gc.path, () => gc[kind]())),
    uid: (uid) => take(`${layout.locksDir}/${UID_PREFIX}${uid}`),
    removeAbandoned: () =>
      [layout.locksDir, layout.callsDir].reduce((sum, folder) => sum + removeAbandonedIn(folder), 0),
  };
}

function removeAbandonedIn(folder: string): number {
  const names = attempt(folder, () => readdirSync(folder));
  return names.filter((name) => mayBeTried(folder, name) && isRemoved(`${folder}/${name}`)).length;
}

/** A uid that is tried at the wrong moment is replaced by another, an operation asks again; a container would be refused. */
function mayBeTried(folder: string, name: string): boolean {
  if (name === GC_NAME) return false;
  return !name.startsWith(CONTAINER_PREFIX) || fileAgeMs(`${folder}/${name}`) > ABANDONED_AFTER_MS;
}

/** Milliseconds since a file was made; 0 when it is gone. */
function fileAgeMs(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : ageMsOf(stat.mtimeMs, Date.now());
}

/** Tells whether nobody holds a lock; one that nobody ever took has no file, and gets none. */
function isFree(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) === undefined || isRemoved(path);
}

function isRemoved(path: string): boolean {
  const lock = take(path);
  lock?.release();
  return lock !== undefined;
}

function takeOperation(path: string): HeldLock | undefined {
  for (let attempt = 1; ; attempt++) {
    const lock = take(path);
    if (lock !== undefined || attempt === YOUNG_ATTEMPTS || fileAgeMs(path) > YOUNG_MS) return lock;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, YOUNG_PAUSE_MS);
  }
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
