/**
 * @module A bridge, a veth pair and an IPAM plugin that answer as they should; a test changes what it is about.
 */
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { AddressResult } from "cnidaria:plugin/types@0.1.0";

import { createBridge } from "../../guests/bridge/bridge.ts";
import type { BridgeImports } from "../../guests/bridge/imports.ts";
import { type Call, record, withBatch } from "./fakes.ts";
import { cidr, ip } from "./requests.ts";

const LINK = {
  mtuBytes: 1500,
  up: true,
  operationalState: "up",
  promiscuous: false,
  allMulticast: false,
  transmitQueueLength: 1000,
} as const;

/** The bridge, the node's end and the container's end. */
export const LINKS = {
  bridge: { ...LINK, name: "cni0", index: 4, kind: "bridge", mac: [2, 0, 0, 0, 0, 4] },
  node: {
    ...LINK,
    name: "veth0a1b2c3d",
    index: 5,
    kind: "veth",
    mac: [2, 0, 0, 0, 0, 5],
    masterIndex: 4,
    peerIndex: 2,
  },
  container: { ...LINK, name: "eth0", index: 2, kind: "veth", mac: [2, 0, 0, 0, 0, 2], peerIndex: 5 },
} as const satisfies Record<string, LinkInfo>;

/** What the IPAM plugin gives unless the test says otherwise. */
export const GIVEN: AddressResult = {
  ips: [{ address: cidr("10.1.0.2/16") }],
  routes: [],
};

/** Both families. */
export const DUAL_STACK: AddressResult = {
  ips: [
    { address: cidr("10.1.0.2/16"), gateway: ip("10.1.0.1") },
    { address: cidr("2001:db8::2/64"), gateway: ip("2001:db8::1") },
  ],
  routes: [],
};

/** Functions that a test answers itself. */
export type Changes = { readonly [Name in keyof Omit<BridgeImports, "batch">]?: Partial<BridgeImports[Name]> };

/** Makes the plugin, with what it will have called. */
export function bridgeWith(given: AddressResult = GIVEN, changes: Changes = {}) {
  const calls: Call[] = [];
  const nothing = (): void => undefined;
  const imports: Omit<BridgeImports, "batch"> = {
    containerLinks: {
      startVeth: nothing,
      startedVeth: () => ({ container: LINKS.container, node: LINKS.node }),
      get: () => LINKS.container,
      setUp: nothing,
      delete: nothing,
      ...changes.containerLinks,
    },
    containerAddresses: {
      add: nothing,
      list: () => given.ips.map(({ address }) => ({ address, tentative: false, duplicate: false })),
      settle: nothing,
      ...changes.containerAddresses,
    },
    containerRoutes: { add: nothing, list: () => [], ...changes.containerRoutes },
    ipam: { add: () => given, del: nothing, check: nothing, ...changes.ipam },
    masquerade: {
      set: nothing,
      list: () => given.ips.map(({ address }) => address),
      remove: nothing,
      ...changes.masquerade,
    },
    nodeAddresses: { ensure: nothing, list: () => [], ...changes.nodeAddresses },
    nodeForwarding: { enable: nothing, ...changes.nodeForwarding },
    nodeLinks: {
      ensureBridge: () => LINKS.bridge,
      get: (name) => (name === LINKS.node.name ? LINKS.node : LINKS.bridge),
      ...changes.nodeLinks,
    },
    spoofGuard: { set: nothing, get: () => LINKS.container.mac, ...changes.spoofGuard },
  };
  return { calls, plugin: createBridge(withBatch(record(imports, calls))) };
}

/** Names of the calls, in order. */
export function namesOf(calls: readonly Call[]): string[] {
  return calls.map(([name]) => name);
}

/** Arguments of the one call of a function; `undefined`: it was not called. */
export function argumentsOf(calls: readonly Call[], name: string): unknown[] | undefined {
  const found = calls.filter(([each]) => each === name);
  if (found.length > 1) throw new Error(`${name} was called ${found.length} times`);
  return found[0]?.slice(1);
}
