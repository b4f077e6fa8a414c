/**
 * @module Many attachments of a network with masquerading and published ports, by us or by the reference plugins.
 */
import { execFileSync } from "node:child_process";
import type { AttachmentRequest, Host, JsonObject } from "../../host/index.ts";
import { createContainerNamespace, type ContainerNamespace } from "../support/namespaces.ts";
import { callReference } from "../support/reference.ts";

/** A DEL of the reference has no more to wait for. */
const AT_A_TIME = 8;
const FIRST_PORT = 10_000;

/** Runs something for each item, some at a time. */
export async function forEach<Item>(
  items: readonly Item[],
  run: (item: Item, index: number) => Promise<unknown>,
  atATime = AT_A_TIME,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      await run(items[index] as Item, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, work));
}

/** Makes namespaces. The caller disposes of them. */
export function createContainers(count: number): readonly ContainerNamespace[] {
  return Array.from({ length: count }, () => createContainerNamespace());
}

/** The network. */
export function portsNetwork(name: string, subnet: string): JsonObject {
  const ipam = { type: "host-local", ranges: [[{ subnet }]], dataDir: `/run/netns/${name}` };
  return {
    cniVersion: "1.0.0",
    name,
    plugins: [
      { type: "bridge", bridge: name, isGateway: true, ipMasq: true, ipam },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

/** What our host is asked. */
export function requestOf(network: JsonObject, container: ContainerNamespace, index: number): AttachmentRequest {
  return {
    network,
    containerId: container.name,
    netns: container.path,
    ifname: "eth0",
    runtimeConfig: { portMappings: portsOf(index) },
  };
}

/** Attaches all. */
export async function addAll(host: Host, network: JsonObject, all: readonly ContainerNamespace[]): Promise<void> {
  await forEach(all, (container, index) => host.add(requestOf(network, container, index)));
}

function portsOf(index: number): JsonObject[] {
  return [{ hostPort: FIRST_PORT + index, containerPort: 80, protocol: "tcp" }];
}

/** One verb of the list by the reference plugins, as a runtime makes it. Goes on after a failure with DEL, as runtimes do not all do. */
export async function callReferenceList(
  folder: string,
  command: "ADD" | "DEL",
  { network, container, index }: { network: JsonObject; container: ContainerNamespace; index: number },
): Promise<void> {
  const { name, cniVersion } = network;
  const plugins = network["plugins"] as readonly JsonObject[];
  let prevResult: JsonObject | undefined;
  for (const plugin of command === "ADD" ? plugins : plugins.toReversed()) {
    const runtimeConfig = plugin["type"] === "portmap" ? { runtimeConfig: { portMappings: portsOf(index) } } : {};
    const previous = prevResult === undefined ? {} : { prevResult };
    const configuration = { ...plugin, name, cniVersion, ...runtimeConfig, ...previous };
    const call = { folder, command, containerId: container.name, netns: container.path, configuration };
    const output = await callReference(call).catch((error: unknown) => {
      if (command === "ADD") throw error;
      return "";
    });
    if (command === "ADD") prevResult = JSON.parse(output) as JsonObject;
  }
}

/** Rules and elements of the packet filter that are there, whoever made them. */
export function countRules(): number {
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(command, args, { stdio: ["ignore", "pipe", "ignore"] }).toString();
  const rules = run("iptables-save")
    .split("\n")
    .filter((line) => line.startsWith("-A")).length;
  const { nftables } = JSON.parse(run("nft", "-j", "list", "table", "inet", "cnidaria").trim() || "{}") as {
    nftables?: readonly { readonly map?: { readonly elem?: readonly unknown[] }; readonly rule?: unknown }[];
  };
  return rules + (nftables ?? []).reduce((sum, { map }) => sum + (map?.elem?.length ?? 0), 0);
}
