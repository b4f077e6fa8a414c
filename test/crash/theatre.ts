/**
 * @module Where scenes are played: one state directory, hosts that follow plans, and what the node and the ledger are to be like again.
 */
import { randomUUID } from "node:crypto";
import type { AttachmentRequest, Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { containerSnapshot, nodeSnapshot } from "../support/node-snapshot.ts";
import type { Snapshot } from "../support/node-snapshot.ts";
import { buildCrashBundles } from "./bundles.ts";
import { CHAIN_TYPES, chainOf, chainRequest } from "./chain.ts";
import type { ChainOptions } from "./chain.ts";
import type { Plan } from "./plan.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { startServedHost } from "./served-host.ts";
import type { ServedHost } from "./served-host.ts";
import { installCrashShims } from "./shims.ts";
import type { Shims } from "./shims.ts";
import { createStage } from "./stage.ts";
import { childrenOf } from "./watch.ts";

const NAME = "crash";
const SUBNET = "10.77.0.0/24";
const PORT = 8080;
const RESIDENT_PORT = 8081;

/** Rows and lines that are there when nothing of a scene is. */
interface Base {
  readonly rows: Snapshot;
  readonly node: Snapshot;
}

/** The theatre. Its hosts are made when they are first needed, and again after they were killed. */
export class Theatre implements AsyncDisposable {
  readonly stateDir: string;
  /** A host of this process whose helper follows plans. It starts another helper by itself. */
  readonly host: Host;
  readonly #stage: Awaited<ReturnType<typeof createStage>>;
  #served: ServedHost | undefined;
  #shims: Shims | undefined;
  #resident: TestContainer | undefined;
  #base: Base = { rows: [], node: [] };

  private constructor(stage: Awaited<ReturnType<typeof createStage>>, host: Host) {
    this.#stage = stage;
    this.stateDir = stage.stateDir;
    this.host = host;
  }

  static async open(): Promise<Theatre> {
    await buildCrashBundles();
    const stage = await createStage(CHAIN_TYPES);
    const theatre = new Theatre(stage, await stage.openHost("hooked"));
    theatre.#look();
    return theatre;
  }

  get resident(): TestContainer | undefined {
    return this.#resident;
  }

  /** The host in a process of its own, alive. */
  async served(): Promise<ServedHost> {
    const { signalCode = "", exitCode = null } = this.#served?.child ?? {};
    if (signalCode !== null || exitCode !== null) {
      await this.#served?.[Symbol.asyncDispose]();
      this.#served = await startServedHost(this.stateDir);
    }
    return this.#served as ServedHost;
  }

  async shims(): Promise<Shims> {
    return (this.#shims ??= await installCrashShims(this.stateDir, this.host));
  }

  network(plans: ChainOptions["plans"] = {}): JsonObject {
    return chainOf({ name: NAME, subnet: SUBNET, plans });
  }

  requestOf(container: TestContainer, network: JsonObject = this.network()): AttachmentRequest {
    return chainRequest(container, network, PORT);
  }

  /** Has another container on the network, or nobody. */
  async setResident(isWanted: boolean): Promise<void> {
    if (isWanted === (this.#resident !== undefined)) return;
    if (isWanted) {
      this.#resident = createContainer();
      await this.host.add(chainRequest(this.#resident, this.network(), RESIDENT_PORT));
    } else if (this.#resident !== undefined) {
      await this.host.del(chainRequest(this.#resident, this.network(), RESIDENT_PORT));
      this.#resident[Symbol.dispose]();
      this.#resident = undefined;
    }
    this.#look();
  }

  /** A plan for the next verb. */
  planOf<Rest extends object>(rest: Rest): Rest & Pick<Plan, "id"> {
    return { id: randomUUID(), ...rest };
  }

  /** Whether the ledger has a record of the attachment. */
  isAttached({ id }: TestContainer): boolean {
    return rowsLeft(this.stateDir).some((row) => row.startsWith("attachments ") && row.includes(`"${id}"`));
  }

  /** Whether an operation is open, or something is half made or half deleted. */
  hasUnfinished(): boolean {
    return rowsLeft(this.stateDir).some(
      (row) => row.startsWith("operations ") || /"state":"(creat|delet)ing"/u.test(row),
    );
  }

  /** Says what is there and should not be, or is not and should be. */
  differences(container?: { readonly id: string; readonly inside: Snapshot }): readonly string[] {
    const inside = container === undefined ? [] : difference("container", container.inside, insideOf(container.id));
    return [
      ...difference("ledger", this.#base.rows, rowsLeft(this.stateDir)),
      ...difference("node", this.#base.node, nodeLines()),
      ...inside,
    ];
  }

  /** Locks that nobody should hold. Sandboxes hold their uids. */
  locks(): readonly string[] {
    return locksLeft(this.stateDir).filter((path) => !path.includes("/uid-"));
  }

  /** Kills the helper of {@link Theatre.host}, which starts another one. */
  killHelper(): void {
    const ours = new Set(childrenOf(process.pid));
    for (const { pid, command } of everyProcessOf(this.stateDir))
      if (ours.has(pid) && command.includes("helper.mjs --state-dir")) process.kill(pid, "SIGKILL");
  }

  /** Waits until a host of another process, and its helper with it, is gone. */
  async servedIsGone(): Promise<void> {
    const { child, helpers = [] } = this.#served ?? {};
    // Its helper undoes what was open, and goes.
    const gone = [child?.pid ?? 0, ...helpers];
    await until("the end of the host and its helper", () =>
      everyProcessOf(this.stateDir).every(({ pid }) => !gone.includes(pid)),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.setResident(false);
    this.#shims?.end();
    await this.#served?.[Symbol.asyncDispose]();
    await this.#stage[Symbol.asyncDispose]();
  }

  #look(): void {
    this.#base = { rows: rowsLeft(this.stateDir), node: nodeLines() };
  }
}

/** What is on the node, without IPv6's own addresses: those of a link appear some time after it. */
function nodeLines(): Snapshot {
  return nodeSnapshot().filter((line) => !/fe80::|ff00::/u.test(line));
}

/** What a container has: links and settings. */
export function insideOf(id: string): Snapshot {
  return containerSnapshot(id);
}

function difference(where: string, wanted: Snapshot, found: Snapshot): readonly string[] {
  const [before, after] = [new Set(wanted), new Set(found)];
  return [
    ...found.filter((line) => !before.has(line)).map((line) => `${where}, left: ${line}`),
    ...wanted.filter((line) => !after.has(line)).map((line) => `${where}, lost: ${line}`),
  ];
}
