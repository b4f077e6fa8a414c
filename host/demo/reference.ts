/**
 * @module The same ADD and DEL with the reference plugins, timed beside ours.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../index.ts";
import type { JsonObject } from "../spec/json.ts";
import { createContainer, deleteContainer } from "./stage.ts";

/** Where Debian's package puts them. */
const REFERENCE_DIR = "/usr/lib/cni";
const PACKAGE = "containernetworking-plugins";
const INSTALL_TIMEOUT_MS = 120_000;
/** The plugins look for ip and iptables on it. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
const ROUNDS = 10;

/** Tells whether the reference plugins are there. */
export function hasReference(): boolean {
  return existsSync(join(REFERENCE_DIR, "bridge"));
}

/** Installs Debian's package where that is possible. Called before the machine's network is out of reach. */
export function tryInstallReference(): void {
  if (hasReference() || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  console.log(`Installing ${PACKAGE}, to compare with.`);
  spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", PACKAGE], {
    stdio: "ignore",
    timeout: INSTALL_TIMEOUT_MS,
  });
}

/** Medians in milliseconds. */
export interface Timing {
  readonly addMs: number;
  readonly delMs: number;
}

/** Makes and unmakes one attachment. */
interface Subject {
  readonly add: (name: string) => Promise<void> | void;
  readonly del: (name: string) => Promise<void> | void;
}

/** Times our host, warm. */
export function timeHost(host: Host, network: JsonObject): Promise<Timing> {
  const request = (name: string) => ({ network, containerId: name, netns: `/run/netns/${name}`, ifname: "eth0" });
  return time({ add: async (name) => void (await host.add(request(name))), del: (name) => host.del(request(name)) });
}

/** Times the reference plugins with the same configuration; leases in a folder of their own. */
export function timeReference(plugin: JsonObject, dataDir: string): Promise<Timing> {
  const configuration = JSON.stringify({ cniVersion: "1.0.0", name: "reference", ...withDataDir(plugin, dataDir) });
  const execute = (command: string, name: string): void => {
    const env = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: name,
      CNI_NETNS: `/run/netns/${name}`,
      CNI_IFNAME: "eth0",
      CNI_PATH: REFERENCE_DIR,
      PATH,
    };
    const { status, stdout, stderr } = spawnSync(join(REFERENCE_DIR, "bridge"), {
      env,
      input: configuration,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`the reference plugin failed: ${stdout}${stderr}`);
  };
  return time({ add: (name) => execute("ADD", name), del: (name) => execute("DEL", name) });
}

function withDataDir(plugin: JsonObject, dataDir: string): JsonObject {
  return { ...plugin, bridge: "reference0", ipam: { ...(plugin["ipam"] as JsonObject), dataDir } };
}

async function time({ add, del }: Subject): Promise<Timing> {
  const adds: number[] = [];
  const dels: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const container = createContainer(`timed-${round}`);
    const start = performance.now();
    await add(container.name);
    const middle = performance.now();
    await del(container.name);
    adds.push(middle - start);
    dels.push(performance.now() - middle);
    deleteContainer(container);
  }
  return { addMs: medianOf(adds), delMs: medianOf(dels) };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}
