/**
 * @module A bridge attachment as the bundled plugin makes it, said operation by operation.
 */
import { expect, onTestFinished } from "vitest";
import { createNamespace } from "../../kernel/namespaces.ts";
import type { TestNamespace } from "../../kernel/namespaces.ts";
import type { TestOperation, TestSandbox } from "./helper.ts";

/** What the bundled bridge plugin is offered, and leases. */
export const CAPABILITIES = {
  "container-links": { kinds: ["veth"], set: ["up", "down"] },
  "container-addresses": { from: "ipam" },
  "container-routes": { delete: true },
  "container-rules": { tables: [{ first: 100, last: 200 }] },
  "container-link-attributes": { set: ["mtu"] },
  "container-sysctls": { names: ["net.ipv4.conf.IFNAME.*"] },
  "node-links": { bridges: [{ configuration: "/bridge" }] },
  "node-addresses": { links: [{ configuration: "/bridge" }] },
  "node-routes": {},
  "node-forwarding": { families: ["ipv4"] },
  masquerade: {},
  "forward-rules": { isolation: ["same-bridge"] },
  "host-ports": { ports: [{ first: 8000, last: 8999 }] },
  shaping: { rates: [{ minimumBitsPerSecond: 1_000_000, maximumBitsPerSecond: 100_000_000 }] },
  conntrack: {},
  "spoof-guard": {},
  leases: { subnets: ["10.1.0.0/24"] },
  // Its plugin names the type of the nested one itself.
  ipam: { types: ["ipam"] },
  "resolver-file": { paths: ["/etc/resolv.conf"] },
};

/** IPv4 address with its prefix, as WIT lifts it. */
export function prefix(last: number, third = 0): { address: { tag: "ipv4"; val: number[] }; prefixLength: number } {
  return { address: { tag: "ipv4", val: [10, 1, third, last] }, prefixLength: 24 };
}

export const BRIDGE = { name: "cni0", vlanFiltering: false, promiscuous: false };
export const VETH = { ifname: "eth0", duplicateAddressDetection: "off", announce: true };
export const PORT = { bridge: "cni0", hairpin: false, isolated: false };
export const DEFAULT_ROUTE = {
  destination: { address: { tag: "ipv4", val: [0, 0, 0, 0] }, prefixLength: 0 },
  gateway: prefix(1).address,
};

/** A namespace that goes when the test ends. */
export function testNamespace(): TestNamespace {
  const made = createNamespace();
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

/** An ADD that was given 10.1.0.`last`. */
export function addOf(
  netns: string,
  last = 2,
): { verb: "ADD"; type: string; netns: string; configuration: object; previousResult: object } {
  return {
    verb: "ADD",
    type: "bridge",
    netns,
    configuration: { bridge: "cni0" },
    previousResult: { ips: [{ address: `10.1.0.${last}/24` }] },
  };
}

/** The same for DEL. */
export function delOf(netns: string): { verb: "DEL"; type: string; netns: string; configuration: object } {
  return { verb: "DEL", type: "bridge", netns, configuration: { bridge: "cni0" } };
}

/** Each operation of an ADD, in order. */
export function addRequests(handle: number, last = 2): readonly (readonly [string, ...unknown[]])[] {
  return [
    ["leases.reserve", 0, prefix(last).address],
    ["node-links.ensure-bridge", BRIDGE],
    ["container-links.create-veth", handle, { ...VETH, port: PORT }],
    ["container-addresses.add", handle, "eth0", [prefix(last)]],
    ["node-addresses.ensure", "cni0", [prefix(1)], false],
    ["container-links.set-up", handle, "eth0", 5000],
    ["container-routes.add", handle, "eth0", [DEFAULT_ROUTE], "append"],
    ["node-forwarding.enable", "ipv4"],
    ["masquerade.set", [prefix(last)]],
  ];
}

/** Does all of it, and expects that all of it works. */
export async function addAll(sandbox: TestSandbox, { call }: TestOperation, last = 2): Promise<void> {
  for (const [operation, ...args] of addRequests(call.containerHandle, last)) {
    expect({ operation, ...(await sandbox.ask(operation, ...args)) }).not.toHaveProperty("err");
  }
}

/** Expects that node and ledger have nothing of ours. */
export function expectNothingLeft(node: TestNamespace): void {
  expect(node.ip("-br link")).not.toMatch(/veth|cni0/u);
  expect(node.run("nft", "list", "ruleset")).not.toMatch(/10\.1\.0|cnidaria:/u);
}
