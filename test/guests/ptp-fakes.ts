/**
 * @module A veth pair, an IPAM plugin and a node that answer as they should; a test changes what it is about.
 */
import type { AddressResult } from "cnidaria:plugin/types@0.1.0";

import { routesFor } from "../../guests/ptp/addressing.ts";
import type { PtpImports } from "../../guests/ptp/imports.ts";
import { createPtp } from "../../guests/ptp/ptp.ts";
import { addressBits } from "../../guests/sdk/ip.ts";
import { DUAL_STACK, LINKS } from "./bridge-fakes.ts";
import { type Call, record, withBatch } from "./fakes.ts";

/** Functions that a test answers itself. */
export type Changes = { readonly [Name in keyof Omit<PtpImports, "batch">]?: Partial<PtpImports[Name]> };

/** Makes the plugin, with what it will have called. */
export function ptpWith(given: AddressResult = DUAL_STACK, changes: Changes = {}) {
  const calls: Call[] = [];
  const nothing = (): void => undefined;
  const alone = (address: AddressResult["ips"][number]["address"]["address"]) => ({
    address,
    prefixLength: addressBits(address.tag),
  });
  const imports: Omit<PtpImports, "batch"> = {
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
    containerRoutes: {
      add: nothing,
      list: () => given.ips.flatMap(routesFor),
      delete: nothing,
      ...changes.containerRoutes,
    },
    ipam: { add: () => given, del: nothing, check: nothing, ...changes.ipam },
    masquerade: {
      set: nothing,
      list: () => given.ips.map(({ address }) => address),
      remove: nothing,
      ...changes.masquerade,
    },
    nodeAddresses: {
      ensure: nothing,
      list: () => given.ips.flatMap(({ gateway }) => (gateway === undefined ? [] : [alone(gateway)])),
      ...changes.nodeAddresses,
    },
    nodeForwarding: { enable: nothing, ...changes.nodeForwarding },
    nodeLinks: { get: () => LINKS.node, ...changes.nodeLinks },
    nodeRoutes: {
      ensure: nothing,
      list: () => given.ips.map(({ address }) => alone(address.address)),
      ...changes.nodeRoutes,
    },
  };
  return { calls, plugin: createPtp(withBatch(record(imports, calls))) };
}
