/**
 * @module When sandboxes make instances ready: while the host has nothing else to do, so that no call shares a processor with it.
 */
import { availableParallelism } from "node:os";
import type { SandboxConnection } from "./connection.ts";
import type { Shelf } from "./shelf.ts";

/** How long no sandbox may have been in use. A runtime that makes one call after the other does not get in between. */
const QUIET_MS = 3;

/** Has sandboxes prepare, as many at a time as there are processors, while none is in use. */
export class Preparation {
  readonly #shelves: () => Iterable<Shelf>;
  #timer: NodeJS.Timeout | undefined;

  constructor(shelves: () => Iterable<Shelf>) {
    this.#shelves = shelves;
  }

  /** Waits for time to prepare, from now on. */
  wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#prepareSome(), QUIET_MS).unref();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #prepareSome(): void {
    const shelves = [...this.#shelves()];
    if (shelves.some(isInUse)) return;
    const able = shelves.flatMap(thoseThatCan).toSorted((left, right) => left.ready - right.ready);
    for (const sandbox of able.slice(0, availableParallelism())) sandbox.prepare();
    if (able.length > 0) this.wait();
  }
}

/** Whether a sandbox is lent, or comes up. When it is idle the wait begins anew. */
function isInUse({ live, idle }: Shelf): boolean {
  return live.size > idle.length;
}

/** The one that was used last is used next. */
function thoseThatCan({ idle }: Shelf): SandboxConnection[] {
  return idle
    .map(({ sandbox }) => sandbox)
    .filter(({ canPrepare }) => canPrepare)
    .toReversed();
}
