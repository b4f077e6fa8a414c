/**
 * @module What ADD of every plugin that makes a veth pair does with it. The host undoes what is left behind when it fails.
 */
import type * as ContainerAddresses from "cnidaria:plugin/container-addresses@0.1.0";
import type * as ContainerLinks from "cnidaria:plugin/container-links@0.1.0";
import type { ContainerNamespace } from "cnidaria:plugin/container-namespace@0.1.0";
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type * as ContainerRoutes from "cnidaria:plugin/container-routes@0.1.0";
import type * as Ipam from "cnidaria:plugin/ipam@0.1.0";
import type * as Masquerade from "cnidaria:plugin/masquerade@0.1.0";
import type * as NodeForwarding from "cnidaria:plugin/node-forwarding@0.1.0";
import type { IpFamily, IpPrefix, PacketFilter, Request } from "cnidaria:plugin/types@0.1.0";

import { type Bounds, type Fields, quote } from "./configuration.ts";
import { must } from "./errors.ts";
import type { Step } from "./together.ts";

/** How long IPv6 addresses may be tentative. Source: the reference plugins. */
const SETTLE_TIMEOUT_MS = 5_000;
/** How long the container's end may be without a carrier. Source: the steps of the reference plugin `bridge`, together. */
const CARRIER_TIMEOUT_MS = 2_550;
/** 0 is the kernel's default; most that a veth takes. Source: ETH_MAX_MTU, linux/if_ether.h. */
const MTU: Bounds = { minimum: 0, maximum: 65_535 };

/** What is called. */
export interface AdditionImports {
  readonly containerLinks: Pick<typeof ContainerLinks, "setUp">;
  readonly containerAddresses: Pick<typeof ContainerAddresses, "add" | "settle">;
  readonly containerRoutes: Pick<typeof ContainerRoutes, "add">;
  readonly ipam: Pick<typeof Ipam, "del">;
  readonly masquerade: Pick<typeof Masquerade, "set">;
  readonly nodeForwarding: Pick<typeof NodeForwarding, "enable">;
}

/** One ADD: what everything below needs. */
export interface Addition {
  readonly imports: AdditionImports;
  readonly request: Request;
  readonly container: ContainerNamespace;
}

/**
 * Reads `mtu`, in bytes; `undefined`: the kernel's default.
 * @throws {PluginFailure} code 6 for another type, 7 out of range.
 */
export function readMtu(fields: Fields): number | undefined {
  const bytes = fields.integer("mtu", MTU);
  return bytes === 0 ? undefined : bytes;
}

/** Gives the container's end its addresses. */
export function giveAddresses({ imports, request, container }: Addition, addresses: readonly IpPrefix[]): Step {
  const { ifname } = request;
  const act = (): void => imports.containerAddresses.add(container, ifname, [...addresses]);
  return { what: `give ${quote(ifname)} its addresses`, act };
}

/** Sets the container's end up, and waits for a carrier: by then the node's end is up, and of a bridge's port forwarding, too. */
export function setUp({ imports, request: { ifname }, container }: Addition): Step {
  const act = (): void => imports.containerLinks.setUp(container, ifname, CARRIER_TIMEOUT_MS);
  return { what: `set ${quote(ifname)} up`, act };
}

/** Adds routes over the container's end, beside those that are there. */
export function addRoutes({ imports, request, container }: Addition, routes: readonly Route[]): Step {
  const { ifname } = request;
  const act = (): void => imports.containerRoutes.add(container, ifname, [...routes], "append");
  return { what: `add routes over ${quote(ifname)}`, act };
}

/** Waits until addresses of IPv6 are no longer tentative: only then can they be a route's source. */
export function settle({ imports, request: { ifname }, container }: Addition, families: readonly IpFamily[]): void {
  if (!families.includes("ipv6")) return;
  must(`settle the addresses of ${quote(ifname)}`, () =>
    imports.containerAddresses.settle(container, ifname, SETTLE_TIMEOUT_MS),
  );
}

/** Has the node forward some families. */
export function forward({ imports }: Addition, families: readonly IpFamily[]): Step[] {
  return families.map((family) => ({ what: `forward ${family}`, act: () => imports.nodeForwarding.enable(family) }));
}

/** Has the container's addresses masqueraded. `by`: what masquerades; `undefined`: the node's choice. */
export function masquerade(
  { imports, request }: Addition,
  addresses: readonly IpPrefix[],
  by: PacketFilter | undefined,
): Step {
  const act = (): void => imports.masquerade.set([...addresses], by);
  return { what: `masquerade ${quote(request.ifname)}`, act };
}

/** Has the addresses released after a failure, which stays the error that is reported. The host releases leases in any case. */
export function releaseQuietly({ imports }: Addition): void {
  try {
    imports.ipam.del();
  } catch {
    // Nothing more can be done here.
  }
}
