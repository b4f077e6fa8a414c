/**
 * @module The lock between GC and the verbs of containers: these hold it together, GC alone.
 *
 * Its file stays open as long as the helper lives and is never removed: beginning a verb costs one flock(2), and none while others are under way.
 */
import { openLockFile } from "../kernel/flock.ts";
import type { LockFile } from "../kernel/flock.ts";

/** A lock that is held until it is released or its process ends. */
export interface Hold {
  /** A second time does nothing. */
  release(): void;
}

/** The lock, for one process: flock(2) tells processes apart, this counts what is inside one. */
export class GcLock {
  readonly #path: string;
  #file: LockFile | undefined;
  #shared = 0;
  #isExclusive = false;

  constructor(path: string) {
    this.#path = path;
  }

  get path(): string {
    return this.#path;
  }

  /** Takes it for a verb of a container; `undefined`: a GC holds it. @throws {KernelError} when the file cannot be made. */
  shared(): Hold | undefined {
    if (this.#isExclusive) return undefined;
    if (this.#shared === 0 && !this.#open().tryLock("shared")) return undefined;
    this.#shared++;
    return once(() => {
      this.#shared--;
      if (this.#shared === 0) this.#open().unlock();
    });
  }

  /** Takes it for a GC; `undefined`: somebody holds it. @throws {KernelError} when the file cannot be made. */
  exclusive(): Hold | undefined {
    if (this.#isExclusive || this.#shared > 0 || !this.#open().tryLock("exclusive")) return undefined;
    this.#isExclusive = true;
    return once(() => {
      this.#isExclusive = false;
      this.#open().unlock();
    });
  }

  #open(): LockFile {
    return (this.#file ??= openLockFile(this.#path));
  }
}

function once(release: () => void): Hold {
  let isHeld = true;
  return {
    release: () => {
      if (isHeld) release();
      isHeld = false;
    },
  };
}
