/**
 * @module The host's sandboxes: a few per plugin, kept warm, used for one call at a time, replaced when they are worn or broken.
 */
import { availableParallelism } from "node:os";
import type { Digest, InstalledPlugin } from "../helper/protocol.ts";
import { CniError } from "../spec/error.ts";
import { SandboxConnection, type SandboxStarter } from "./connection.ts";
import { lend, type OpenLease, type SandboxLease } from "./lease.ts";
import { Preparation } from "./preparation.ts";
import { createShelf, nextWaiter, takeIdle, type Shelf, type Waiter } from "./shelf.ts";

export type { AnswerIpam, CallReport, IpamAnswer } from "./call-report.ts";
export type { SandboxStarter } from "./connection.ts";
export type { OpenLease, SandboxLease } from "./lease.ts";

/** Settings of a pool. */
export interface PoolOptions {
  /** The helper's client. */
  readonly client: SandboxStarter;
  /** Sandboxes of one plugin at the same time. Each is a process of about 25 MB of its own. @default 8 */
  readonly maxPerPlugin?: number;
  /** Of these, as many are started as soon as calls wait for them; each further one when a call has waited for `patienceMs`. @default one more than processors */
  readonly eagerPerPlugin?: number;
  /** @default 200 */
  readonly patienceMs?: number;
  /** Sandboxes of all plugins; calls that other calls wait for (IPAM) may go over it, or they would wait for each other. @default 24 */
  readonly maxTotal?: number;
  /** How long an idle sandbox is kept. @default 60000 */
  readonly idleMs?: number;
  /** After so many calls a sandbox is replaced: what guests may have found to grow in it goes with it. @default 2000 */
  readonly callsPerSandbox?: number;
  /** How long a call waits for a sandbox before it is refused. @default 30000 */
  readonly waitMs?: number;
  /** How long a sandbox may take to come up. @default 15000 */
  readonly startMs?: number;
}

const DEFAULTS = {
  maxPerPlugin: 8,
  // While one waits for the helper, another runs. More would share the processors, and each has to have its code compiled and optimised.
  eagerPerPlugin: availableParallelism() + 1,
  // What starting one and running its first calls takes.
  patienceMs: 200,
  maxTotal: 24,
  idleMs: 60_000,
  callsPerSandbox: 2_000,
  waitMs: 30_000,
  startMs: 15_000,
} as const;
/** What every sandbox is given to come up, on a slow machine, too. */
const START_LEAST_MS = 3_000;
/** Most calls that wait for one plugin. */
const QUEUE_MAX = 1_024;

/** How long an idle sandbox counts as in use: it does not make room for a plugin that has others. */
const IN_USE_MS = 1_000;

/** How a call wants its sandbox. */
export interface RunOptions {
  /** A call that another call waits for: may go over the limit of all plugins together. @default false */
  readonly nested?: boolean;
}

/** A pool of sandboxes. */
export interface Pool {
  /**
   * Lends a sandbox for the duration of `use`.
   * @throws {CniError} tryAgainLater when none is free in time; guestFailed when it does not start; whatever `use` throws.
   */
  run<T>(plugin: InstalledPlugin, use: (sandbox: SandboxLease) => Promise<T>, options?: RunOptions): Promise<T>;
  /** Lends a sandbox until the lease is disposed of. @throws {CniError} tryAgainLater, guestFailed: as {@link Pool.run} does. */
  lend(plugin: InstalledPlugin, options?: RunOptions): Promise<OpenLease>;
  /** Lends a sandbox that is idle, at once. `undefined`: none is. */
  lendIdle(plugin: InstalledPlugin): OpenLease | undefined;
  /** Starts a sandbox in advance, if the plugin has none. */
  warm(plugin: InstalledPlugin): Promise<void>;
  /** Ends idle sandboxes of a component, and busy ones when their call ends: after it was replaced or revoked. */
  retire(digest: Digest): void;
  /** Sandboxes that live, by digest. */
  counts(): Readonly<Record<Digest, { readonly live: number; readonly idle: number }>>;
  /** Ends all sandboxes. */
  [Symbol.dispose](): void;
}

/** Makes a pool. It starts nothing by itself. */
export function createPool(options: PoolOptions): Pool {
  return new SandboxPool(options);
}

class SandboxPool implements Pool {
  readonly #settings: Required<PoolOptions>;
  readonly #shelves = new Map<Digest, Shelf>();
  readonly #preparation = new Preparation(() => this.#shelves.values());
  #disposed = false;

  constructor(options: PoolOptions) {
    this.#settings = { ...DEFAULTS, ...options };
  }

  async run<T>(plugin: InstalledPlugin, use: (sandbox: SandboxLease) => Promise<T>, options?: RunOptions): Promise<T> {
    using lease = await this.lend(plugin, options);
    return await use(lease);
  }

  async lend(plugin: InstalledPlugin, { nested = false }: RunOptions = {}): Promise<OpenLease> {
    const idle = this.lendIdle(plugin);
    if (idle !== undefined) return idle;
    const started = performance.now();
    const shelf = this.#shelf(plugin);
    const sandbox = await this.#wait(shelf, nested);
    const waitMicroseconds = Math.round((performance.now() - started) * 1000);
    return lend(sandbox, {
      waitMicroseconds,
      isCold: sandbox.calls === 0,
      putBack: () => this.#putBack(shelf, sandbox),
    });
  }

  lendIdle(plugin: InstalledPlugin): OpenLease | undefined {
    const shelf = this.#shelf(plugin);
    const idle = takeIdle(shelf);
    if (idle === undefined) return undefined;
    return lend(idle, { waitMicroseconds: 0, isCold: false, putBack: () => this.#putBack(shelf, idle) });
  }

  async warm(plugin: InstalledPlugin): Promise<void> {
    const shelf = this.#shelf(plugin);
    if (shelf.live.size === 0 && this.#hasRoom()) await this.#start(shelf);
  }

  retire(digest: Digest): void {
    const shelf = this.#shelves.get(digest);
    if (shelf === undefined) return;
    shelf.retired = true;
    for (let sandbox = takeIdle(shelf); sandbox !== undefined; sandbox = takeIdle(shelf)) sandbox.stop();
    this.#shelves.delete(digest);
  }

  counts(): Readonly<Record<Digest, { readonly live: number; readonly idle: number }>> {
    return Object.fromEntries(
      [...this.#shelves].map(([digest, { live, idle }]) => [digest, { live: live.size, idle: idle.length }]),
    );
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#preparation[Symbol.dispose]();
    for (const shelf of this.#shelves.values()) {
      for (const { reject } of shelf.waiting.splice(0)) reject(new CniError("tryAgainLater", "the host was closed"));
      for (const { timer } of shelf.idle.splice(0)) clearTimeout(timer);
      for (const sandbox of shelf.live) sandbox.stop();
    }
  }

  #shelf(plugin: InstalledPlugin): Shelf {
    if (this.#disposed) throw new CniError("tryAgainLater", "the host was closed");
    const known = this.#shelves.get(plugin.digest);
    // Limits may have changed with the grant; the sandboxes that run have the old ones.
    if (known !== undefined && JSON.stringify(known.plugin.limits) === JSON.stringify(plugin.limits)) return known;
    if (known !== undefined) this.retire(plugin.digest);
    const shelf = createShelf(plugin);
    this.#shelves.set(plugin.digest, shelf);
    return shelf;
  }

  /** Waits for a sandbox that is put back, or starts one where the limits permit. */
  async #wait(shelf: Shelf, nested: boolean): Promise<SandboxConnection> {
    if (shelf.waiting.length >= QUEUE_MAX) throw busy(shelf, `${QUEUE_MAX} calls wait already`);
    const { waitMs } = this.#settings;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        nested,
        sinceMs: performance.now(),
        resolve: (sandbox) => {
          clearTimeout(timer);
          clearTimeout(patience);
          resolve(sandbox);
        },
        reject: (error) => {
          clearTimeout(timer);
          clearTimeout(patience);
          reject(error);
        },
      };
      const patience = setTimeout(() => this.#serve(shelf), this.#settings.patienceMs + 1);
      const timer = setTimeout(() => {
        clearTimeout(patience);
        const index = shelf.waiting.indexOf(waiter);
        if (index < 0) return;
        shelf.waiting.splice(index, 1);
        reject(busy(shelf, `none was free for ${waitMs} ms`));
      }, waitMs);
      shelf.waiting.push(waiter);
      this.#serve(shelf);
    });
  }

  /** Starts sandboxes for those who wait and have none coming up, where the limits permit. */
  #serve(shelf: Shelf): void {
    while (shelf.waiting.length > shelf.starting && shelf.live.size < this.#settings.maxPerPlugin) {
      if (!this.#isWorthOneMore(shelf)) return;
      const mayGoOver = shelf.waiting.filter(({ nested }) => nested).length > shelf.starting;
      // One of its own that comes back soon is waited for: in a chain, those of the other plugins are needed again at once.
      if (!this.#hasRoom(shelf.live.size > 0 ? IN_USE_MS : 0) && !mayGoOver) return;
      // Who waits is told what went wrong.
      this.#start(shelf).catch(() => undefined);
    }
  }

  /** Whether to start one more rather than wait for those that there are: they are few, or it has been long, and none comes up. */
  #isWorthOneMore({ live, waiting, starting }: Shelf): boolean {
    if (live.size < this.#settings.eagerPerPlugin) return true;
    const [first] = waiting;
    return starting === 0 && first !== undefined && performance.now() - first.sinceMs >= this.#settings.patienceMs;
  }

  /** Whether one more sandbox may live; one of another plugin that was idle for long enough makes room. */
  #hasRoom(idleForMs = 0): boolean {
    const shelves = [...this.#shelves.values()];
    if (shelves.reduce((sum, { live }) => sum + live.size, 0) < this.#settings.maxTotal) return true;
    const until = performance.now() - idleForMs;
    const victim = shelves.flatMap(({ idle }) => idle).find(({ sinceMs }) => sinceMs <= until);
    if (victim === undefined) return false;
    clearTimeout(victim.timer);
    victim.sandbox.stop();
    return true;
  }

  /** Starts a sandbox, and puts it where a waiting call finds it. When it fails, the first who waits is told. */
  async #start(shelf: Shelf): Promise<void> {
    const sandbox = new SandboxConnection(this.#settings.client, shelf.plugin, (ended) => this.#forget(shelf, ended));
    shelf.live.add(sandbox);
    shelf.starting += 1;
    try {
      await sandbox.start(startMsOf(shelf.plugin, this.#settings.startMs));
    } catch (error) {
      shelf.starting -= 1;
      sandbox.stop();
      nextWaiter(shelf)?.reject(error);
      throw error;
    }
    shelf.starting -= 1;
    this.#putBack(shelf, sandbox);
    this.#serveSoon();
  }

  /** Takes a sandbox back: for the next who waits, or to be idle, or to be replaced. */
  #putBack(shelf: Shelf, sandbox: SandboxConnection): void {
    if (sandbox.ended) return;
    if (this.#disposed || shelf.retired) return sandbox.stop();
    if (sandbox.calls >= this.#settings.callsPerSandbox) return this.#replace(shelf, sandbox);
    const waiter = nextWaiter(shelf);
    if (waiter !== undefined) return waiter.resolve(sandbox);
    const timer = setTimeout(() => sandbox.stop(), this.#settings.idleMs);
    timer.unref();
    shelf.idle.push({ sandbox, timer, sinceMs: performance.now() });
    this.#preparation.wait();
    this.#serveSoon();
  }

  /** Ends a worn sandbox and starts another one, for the next call to find it warm. */
  #replace(shelf: Shelf, worn: SandboxConnection): void {
    worn.stop();
    // Nobody asked for it yet: a call that comes to need it starts its own, and reports what is wrong.
    if (shelf.idle.length === 0) this.#start(shelf).catch(() => undefined);
  }

  /** Forgets a sandbox that ended; those who wait may get another. */
  #forget(shelf: Shelf, sandbox: SandboxConnection): void {
    shelf.live.delete(sandbox);
    const index = shelf.idle.findIndex((entry) => entry.sandbox === sandbox);
    if (index >= 0) clearTimeout(shelf.idle.splice(index, 1)[0]?.timer);
    if (shelf.retired) queueMicrotask(() => this.#serve(shelf));
    this.#serveSoon();
  }

  /** An idle or ended sandbox makes room for those who wait: not at once, for it may be made in the middle of serving them. */
  #serveSoon(): void {
    queueMicrotask(() => {
      if (this.#disposed) return;
      for (const shelf of this.#shelves.values()) this.#serve(shelf);
    });
  }
}

/** A start is bounded by the plugin's own deadline, too: one that hangs before its call is no better than one that hangs in it. */
function startMsOf({ limits }: InstalledPlugin, startMs: number): number {
  return Math.min(startMs, Math.max(limits.deadlineMs, START_LEAST_MS));
}

function busy(shelf: Shelf, details: string): CniError {
  return new CniError("tryAgainLater", `every sandbox of plugin ${JSON.stringify(shelf.plugin.type)} is busy`, {
    details,
  });
}
