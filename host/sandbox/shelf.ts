/**
 * @module What a pool has of one plugin: its sandboxes, and who waits for one.
 */
import type { InstalledPlugin } from "../helper/protocol.ts";
import type { SandboxConnection } from "./connection.ts";

/** A call without a sandbox. */
export interface Waiter {
  readonly nested: boolean;
  /** By `performance.now()`. */
  readonly sinceMs: number;
  readonly resolve: (sandbox: SandboxConnection) => void;
  readonly reject: (error: unknown) => void;
}

/** The sandboxes of one plugin. */
export interface Shelf {
  readonly plugin: InstalledPlugin;
  /** Idle ones, the last used last: the first grow old and are ended. */
  readonly idle: {
    readonly sandbox: SandboxConnection;
    readonly timer: NodeJS.Timeout;
    /** When it was put here, by `performance.now()`. */
    readonly sinceMs: number;
  }[];
  readonly live: Set<SandboxConnection>;
  readonly waiting: Waiter[];
  /** Sandboxes that come up, for whoever waits then. */
  starting: number;
  retired: boolean;
}

/** Makes an empty shelf. */
export function createShelf(plugin: InstalledPlugin): Shelf {
  return { plugin, idle: [], live: new Set(), waiting: [], starting: 0, retired: false };
}

/** Takes the idle sandbox that was used last, and is there. */
export function takeIdle(shelf: Shelf): SandboxConnection | undefined {
  for (let last = shelf.idle.pop(); last !== undefined; last = shelf.idle.pop()) {
    clearTimeout(last.timer);
    if (last.sandbox.isThere()) return last.sandbox;
  }
  return undefined;
}

/** Takes the one who is next: first those that another call waits for, or both would wait for ever. */
export function nextWaiter(shelf: Shelf): Waiter | undefined {
  const nested = shelf.waiting.findIndex((waiter) => waiter.nested);
  return shelf.waiting.splice(Math.max(nested, 0), 1)[0];
}
