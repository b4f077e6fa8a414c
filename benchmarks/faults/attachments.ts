/**
 * @module Many attachments of a network with masquerading and published ports, by us or by the reference plugins.
 */
import { execFileSync } from "node:child_process";
import type { AttachmentRequest, Host, JsonObject } from "../../host/index.ts";
import { execList } from "../support/exec.ts";
import { createContainerNamespace, type ContainerNamespace } from "../support/namespaces.ts";
import { forEach } from "../support/rate.ts";

const FIRST_PORT = 10_000;

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

/** Attaches all by the reference plugins, as a runtime does. Gives what detaches them again. */
export async function addAllByReference(
  folder: string,
  network: JsonObject,
  all: readonly ContainerNamespace[],
): Promise<() => Promise<void>> {
  const callOf = ({ name, path }: ContainerNamespace, index: number) => {
    const runtimeConfig = { portMappings: portsOf(index) };
    return { folder, network, containerId: name, netns: path, runtimeConfig };
  };
  const results: unknown[] = [];
  await forEach(all, async (container, index) => {
    results[index] = await execList({ ...callOf(container, index), command: "ADD" });
  });
  return () =>
    forEach(all, (container, index) => execList({ ...callOf(container, index), command: "DEL" }, results[index]));
}

/** Part of what `nft -j` lists. */
interface Listed {
  readonly rule?: { readonly table: string };
  readonly map?: { readonly table: string; readonly elem?: readonly unknown[] };
  readonly set?: { readonly table: string; readonly elem?: readonly unknown[] };
}

/** Counts the rules of iptables, whoever made them, and the rules and elements of our tables. */
export function countRules(): number {
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(command, args, { stdio: ["ignore", "pipe", "ignore"] }).toString();
  const { nftables } = JSON.parse(run("nft", "-j", "list", "ruleset")) as { readonly nftables: readonly Listed[] };
  const tables = nftables.flatMap(({ rule, map, set }) => [
    rule?.table,
    ...[map, set].flatMap((each) => (each?.elem ?? []).map(() => each?.table)),
  ]);
  const ours = tables.filter((table) => table?.startsWith("cnidaria") === true);
  return ours.length + [...run("iptables-save").matchAll(/^-A/gmu)].length;
}
