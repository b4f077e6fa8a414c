/**
 * @module ADD and DEL over and over, several at a time, with faults by chance: nothing is left, no memory grows, no descriptor stays.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CHAIN_TYPES, chainOf, chainRequest } from "../crash/chain.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "../crash/remains.ts";
import { generator } from "../crash/scenes.ts";
import { startServedHost } from "../crash/served-host.ts";
import type { ServedHost } from "../crash/served-host.ts";
import { createStage } from "../crash/stage.ts";
import { buildCrashBundles } from "../crash/bundles.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { openLedger } from "../support/ledger.ts";
import { killNow } from "../support/processes.ts";
import { nodeSnapshot } from "../support/node-snapshot.ts";

const DIST = join(import.meta.dirname, "..", "..", "dist");
const CONTAINERS = 50;
const AT_A_TIME = 2;
const FIRST_PORT = 9000;
/** After so many cycles memory is what it stays. */
export const WARM_CYCLES = 1_000;
/** One in so many. */
const ODDS = { sandbox: 50, namespace: 20, helper: 500 } as const;
const NETWORK = chainOf({ name: "soak", subnet: "10.89.0.0/22" });

/** How much is done. */
export interface SoakOptions {
  readonly seed: number;
  /** ADDs, each with its DEL. */
  readonly cycles: number;
  /** After how many memory is measured for the first time. @default WARM_CYCLES */
  readonly warmCycles?: number;
  readonly onProgress?: (cycles: number) => void;
}

/** What the processes have. */
export interface Resources {
  /** Proportional set size of host, helper and a number of sandboxes that is the same each time, in bytes. */
  readonly bytes: number;
  /** Open descriptors of host and helper without any sandbox: each that lives has five, and how many live is chance. */
  readonly descriptors: number;
}

/** What came of it. */
export interface SoakOutcome {
  readonly cycles: number;
  readonly faults: Readonly<Record<keyof typeof ODDS, number>>;
  readonly warm: Resources;
  readonly end: Resources;
  /** Empty: nothing was left. */
  readonly problems: readonly string[];
}

/** Soaks. */
export async function runSoak(options: SoakOptions): Promise<SoakOutcome> {
  const { seed, cycles, warmCycles = WARM_CYCLES, onProgress } = options;
  await buildCrashBundles();
  await using stage = await createStage(CHAIN_TYPES);
  const empty = nodeLines();
  await using host = await startServedHost(stage.stateDir, DIST);
  const soak = new Soak(stage.stateDir, host, generator(seed));
  const problems: string[] = [];
  await soak.turn(Math.min(warmCycles, cycles));
  const warm = await soak.measure();
  for (let done = Math.min(warmCycles, cycles); done < cycles; done += WARM_CYCLES) {
    problems.push(...soak.duplicates());
    onProgress?.(done);
    await soak.turn(Math.min(WARM_CYCLES, cycles - done));
  }
  const end = await soak.measure();
  await soak.empty();
  problems.push(...rowsLeft(stage.stateDir).map((row) => `ledger: ${row}`));
  problems.push(...nodeLines().flatMap((line) => (empty.includes(line) ? [] : [`node: ${line}`])));
  problems.push(...locksLeft(stage.stateDir).filter((path) => !path.includes("/uid-")));
  return { cycles, faults: soak.faults, warm, end, problems };
}

function nodeLines(): readonly string[] {
  return nodeSnapshot().filter((line) => !/fe80::|ff00::/u.test(line));
}

interface Slot {
  readonly port: number;
  container: TestContainer;
}

class Soak {
  readonly faults = { sandbox: 0, namespace: 0, helper: 0 };
  readonly #stateDir: string;
  readonly #host: ServedHost;
  readonly #random: () => number;
  readonly #free: Slot[];
  readonly #attached: Slot[] = [];
  #sandboxCount: number | undefined;

  constructor(stateDir: string, host: ServedHost, random: () => number) {
    this.#stateDir = stateDir;
    this.#host = host;
    this.#random = random;
    this.#free = Array.from({ length: CONTAINERS }, (_none, index) => ({
      port: FIRST_PORT + index,
      container: createContainer(),
    }));
  }

  /** Makes so many cycles. */
  async turn(cycles: number): Promise<void> {
    let left = cycles;
    const work = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await this.#cycle();
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  }

  /** Detaches all, and removes the containers. */
  async empty(): Promise<void> {
    for (let slot = this.#attached.pop(); slot !== undefined; slot = this.#attached.pop()) await this.#detach(slot);
    for (const { container } of this.#free) container[Symbol.dispose]();
  }

  /** Addresses that two have. */
  duplicates(): readonly string[] {
    using database = openLedger(this.#stateDir);
    const sql = "SELECT count(*) - count(DISTINCT address) AS extra FROM leases";
    const extra = Number(database.prepare(sql).get()?.["extra"] ?? 0);
    return extra === 0 ? [] : [`${extra} addresses are leased twice`];
  }

  /** Looks at the processes, when they have calmed down: the least of several times. Ends the sandboxes on the way. */
  async measure(): Promise<Resources> {
    const bytes = await leastOf(() => this.#bytes());
    for (const { pid } of this.#sandboxes()) killNow(pid);
    while (this.#sandboxes().length > 0) await sleep(20);
    return { bytes, descriptors: await leastOf(() => this.#descriptors()) };
  }

  #sandboxes(): readonly Process[] {
    return everyProcessOf(this.#stateDir).filter(({ command }) => SANDBOX.test(command));
  }

  #own(): readonly Process[] {
    return everyProcessOf(this.#stateDir).filter(({ command }) =>
      /host-process\.mjs|helper\.mjs --state-dir/u.test(command),
    );
  }

  #bytes(): number {
    const sandboxes = this.#sandboxes().map(({ pid }) => proportionalBytes(pid));
    const count = (this.#sandboxCount ??= sandboxes.length);
    const mean = sandboxes.reduce((sum, bytes) => sum + bytes, 0) / Math.max(1, sandboxes.length);
    return this.#own().reduce((sum, { pid }) => sum + proportionalBytes(pid), 0) + mean * count;
  }

  #descriptors(): number {
    return this.#own().reduce((sum, { pid }) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
  }

  /** One ADD of a container, and the DEL of another one when half of them are attached. */
  async #cycle(): Promise<void> {
    const [slot] = this.#free.splice(Math.floor(this.#random() * this.#free.length), 1);
    if (slot === undefined) return;
    const added = this.#ask("add", slot);
    await this.#strike();
    // A runtime repeats what failed, after a DEL.
    if ((await added) !== "ok") {
      await this.#detach(slot);
      this.#free.push(slot);
      return;
    }
    this.#attached.push(slot);
    if (this.#attached.length < CONTAINERS / 2) return;
    const [other] = this.#attached.splice(Math.floor(this.#random() * this.#attached.length), 1);
    if (other === undefined) return;
    if (this.#hits("namespace")) other.container.remove();
    const deleted = this.#detach(other);
    await this.#strike();
    await deleted;
    this.#free.push({ port: other.port, container: other.container });
  }

  async #detach(slot: Slot): Promise<void> {
    for (let tries = 1; (await this.#ask("del", slot)) !== "ok"; tries += 1) {
      if (tries === DEL_TRIES) throw new Error(`DEL of ${slot.container.id} does not succeed`);
      await sleep(20);
    }
    slot.container.remove();
    slot.container = createContainer();
  }

  #ask(verb: "add" | "del", { container, port }: Slot): Promise<string> {
    return this.#host.ask({ verb, request: chainRequest(container, NETWORK, port) });
  }

  async #strike(): Promise<void> {
    const pattern = this.#hits("sandbox") ? SANDBOX : this.#hits("helper") ? /helper\.mjs --state-dir/ : undefined;
    if (pattern === undefined) return;
    await sleep(this.#random() * 20);
    const found = everyProcessOf(this.#stateDir).filter(({ command }) => pattern.test(command));
    const victim = found[Math.floor(this.#random() * found.length)];
    if (victim !== undefined) killNow(victim.pid);
  }

  #hits(fault: keyof typeof ODDS): boolean {
    const isHit = this.#random() < 1 / ODDS[fault];
    if (isHit) this.faults[fault] += 1;
    return isHit;
  }
}

const DEL_TRIES = 100;
const SANDBOX = /^\/node /u;

type Process = ReturnType<typeof everyProcessOf>[number];

async function leastOf(measure: () => number): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 10; round += 1) {
    await sleep(300);
    least = Math.min(least, measure());
  }
  return least;
}

/** Source: /proc/PID/smaps_rollup, proc(5). */
function proportionalBytes(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
