/**
 * @module The real thing that the model is compared with: a state directory, a host in a process of its own, a node and its containers.
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { AttachmentRequest } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { CHAIN_TYPES, chainOf, chainRequest } from "../crash/chain.ts";
import type { Asked } from "../crash/host-process.ts";
import { everyProcessOf } from "../crash/remains.ts";
import { startServedHost } from "../crash/served-host.ts";
import type { Outcome, ServedHost } from "../crash/served-host.ts";
import { childrenOf } from "../crash/watch.ts";
import { createStage } from "../crash/stage.ts";
import type { Stage } from "../crash/stage.ts";
import { openLedger } from "../support/ledger.ts";
import { run, runJson, until } from "../support/command.ts";
import { buildCrashBundles } from "../crash/bundles.ts";
import { killNow } from "../support/processes.ts";

const DIST = join(import.meta.dirname, "..", "..", "dist");
const NETWORK_NAME = "model";
const FIRST_PORT = 8100;
/** Containers that there are at most. */
export const CONTAINERS = 4;
/** Who of the processes is killed. */
export type Killed = "helper" | "sandboxes" | "host";

/** What the ledger says, and what the kernel has. Lines are sorted; containers are named by their number. */
export interface Facts {
  readonly attachments: readonly number[];
  /** Containers with an address; twice for two. */
  readonly leases: readonly number[];
  readonly distinctAddresses: number;
  /** Containers that own anything. */
  readonly owners: readonly number[];
  readonly operations: number;
  /** Names of pairs that the ledger has for containers whose namespace is there, and of those on the node. */
  readonly pairs: { readonly ledger: readonly string[]; readonly kernel: readonly string[] };
  readonly hasBridge: boolean;
  /** Ports of the node that lead to containers. */
  readonly ports: readonly number[];
}

/** The world. */
export class World implements AsyncDisposable {
  /** Times that {@link World.look} was asked. */
  looks = 0;
  readonly #stage: Stage;
  /** It may be starting. */
  #host: Promise<ServedHost> | undefined;
  readonly #there = new Set<number>();
  readonly #removed = new Set<string>();

  private constructor(stage: Stage) {
    this.#stage = stage;
  }

  static async open(): Promise<World> {
    await buildCrashBundles();
    return new World(await createStage(CHAIN_TYPES));
  }

  get stateDir(): string {
    return this.#stage.stateDir;
  }

  requestOf(container: number): AttachmentRequest {
    const id = idOf(container);
    return chainRequest({ id, netns: `/run/netns/${id}` }, this.network(), FIRST_PORT + container);
  }

  network(): JsonObject {
    return chainOf({ name: NETWORK_NAME, subnet: "10.88.0.0/24" });
  }

  /** Asks the living host, or a new one. */
  async ask(asked: Asked): Promise<Outcome> {
    return (await this.#living()).ask(asked);
  }

  async install(type: string): Promise<Outcome> {
    this.#removed.delete(type);
    return this.ask({ verb: "install", componentPath: join(DIST, "guests", `${type}.wasm`) });
  }

  async uninstall(type: string): Promise<Outcome> {
    this.#removed.add(type);
    return this.ask({ verb: "uninstall", type });
  }

  /** Asks for something, and kills somebody meanwhile. Gives when the next host, or helper, is up. */
  async askAndKill(asked: Asked, killed: Killed, afterMs: number): Promise<void> {
    const done = this.ask(asked);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await this.kill(killed);
    await done;
    await this.ask({ verb: "list" });
  }

  /** Kills; a host's helper ends with it. */
  async kill(killed: Killed): Promise<void> {
    const { child } = await this.#living();
    // A helper may be another one than at the host's start.
    const helpers = childrenOf(child.pid ?? 0);
    const ours = everyProcessOf(this.stateDir);
    const victims =
      killed === "host"
        ? [child.pid ?? 0]
        : ours.filter(({ command }) => PATTERNS[killed].test(command)).map(({ pid }) => pid);
    for (const pid of victims) killNow(pid);
    const gone = killed === "host" ? [...victims, ...helpers] : victims;
    await until(`the end of ${killed}`, () => everyProcessOf(this.stateDir).every(({ pid }) => !gone.includes(pid)));
    if (killed === "host") await this.#end();
    // The host starts another helper.
    else if (killed === "helper") await this.ask({ verb: "list" });
  }

  /** Ends the host as its embedder does; the next request starts another one. */
  async restart(): Promise<void> {
    await this.#end();
  }

  createNamespace(container: number): void {
    if (this.#there.has(container)) return;
    run("ip", "netns", "add", idOf(container));
    this.#there.add(container);
  }

  deleteNamespace(container: number): void {
    if (!this.#there.delete(container)) return;
    run("ip", "netns", "del", idOf(container));
  }

  /** What the machine's restart takes: every process, namespaces, links, rules; and the kernel has another identity. */
  async reboot(): Promise<void> {
    await this.#end();
    for (const container of this.#there) this.deleteNamespace(container);
    if (this.#links("bridge").length > 0) run("ip", "link", "del", `${NETWORK_NAME}0`);
    await until("the end of the pairs", () => this.#links("veth").length === 0);
    run("nft", "flush", "ruleset");
    using database = this.#database();
    database.prepare("UPDATE boots SET boot_id = ?").run(randomUUID());
  }

  /** Looks at the ledger's own file, and at the kernel. */
  async look(): Promise<Facts> {
    this.looks += 1;
    using database = this.#database();
    const numbers = (sql: string): number[] =>
      database
        .prepare(sql)
        .all()
        .map((row) => numberOf(String(row["id"])))
        .toSorted();
    const pairs = database
      .prepare("SELECT key, container_id AS id FROM owned WHERE kind = 'veth'")
      .all()
      .filter((row) => this.#there.has(numberOf(String(row["id"]))));
    const kernel = (): readonly string[] => this.#links("veth").toSorted();
    const ledger = pairs.map((row) => String(row["key"])).toSorted();
    // A namespace goes some time after its name, and its pair with it.
    await until("pairs of namespaces that went", () => kernel().length <= ledger.length).catch(() => undefined);
    return {
      attachments: numbers("SELECT container_id AS id FROM attachments"),
      leases: numbers("SELECT container_id AS id FROM leases"),
      distinctAddresses: database.prepare("SELECT DISTINCT address FROM leases").all().length,
      owners: [...new Set(numbers("SELECT container_id AS id FROM owned"))],
      operations: database.prepare("SELECT id FROM operations").all().length,
      pairs: { ledger, kernel: kernel() },
      hasBridge: this.#links("bridge").length > 0,
      ports: publishedPorts(),
    };
  }

  /** Lets go of everything, so that the next sequence begins with nothing. */
  async clear(): Promise<void> {
    for (const type of this.#removed) await this.install(type);
    // A DEL where nothing is on record would start every plugin for nothing.
    const onRecord = this.#onRecord();
    for (let container = 0; container < CONTAINERS; container += 1) {
      if (onRecord.has(container)) await this.ask({ verb: "del", request: this.requestOf(container) });
      this.deleteNamespace(container);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    for (const container of this.#there) this.deleteNamespace(container);
    await this.#stage[Symbol.asyncDispose]();
  }

  /** Containers that the ledger has anything of. */
  #onRecord(): ReadonlySet<number> {
    using database = this.#database();
    const rows = ["attachments", "leases", "owned", "operations"].flatMap((table) =>
      database.prepare(`SELECT DISTINCT container_id AS id FROM ${table}`).all(),
    );
    return new Set(rows.map((row) => numberOf(String(row["id"]))));
  }

  #database(): DatabaseSync {
    return openLedger(this.stateDir);
  }

  #links(kind: "veth" | "bridge"): readonly string[] {
    const found = runJson("ip", "-j", "link", "show", "type", kind) as readonly { readonly ifname: string }[];
    return found.map(({ ifname }) => ifname);
  }

  #living(): Promise<ServedHost> {
    return (this.#host ??= startServedHost(this.stateDir, DIST));
  }

  async #end(): Promise<void> {
    const host = await this.#host;
    const gone = childrenOf(host?.child.pid ?? 0);
    this.#host = undefined;
    await host?.[Symbol.asyncDispose]();
    await until("the end of the helper", () => everyProcessOf(this.stateDir).every(({ pid }) => !gone.includes(pid)));
    await until("the end of every process", () => everyProcessOf(this.stateDir).length === 0).catch(
      (error: unknown) => {
        const left = everyProcessOf(this.stateDir).map(({ pid, command }) => `${pid} ${command}`);
        throw new Error(`left: ${left.join("; ")}`, { cause: error });
      },
    );
  }
}

const PATTERNS: Readonly<Record<"helper" | "sandboxes", RegExp>> = {
  helper: /helper\.mjs --state-dir/u,
  sandboxes: /^\/node /u,
};

function idOf(container: number): string {
  return `cnidaria-model-${container}`;
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf("-") + 1));
}

/** Ports that the packet filter leads somewhere, of those that the containers have. */
function publishedPorts(): readonly number[] {
  const text = run("nft", "-j", "list", "ruleset");
  return Array.from({ length: CONTAINERS }, (_none, container) => container).filter((container) =>
    new RegExp(`[^0-9]${FIRST_PORT + container}[^0-9]`, "u").test(text),
  );
}
