/**
 * @module Which parts of a result are this attachment's, and what they are to the kernel. Pure.
 *
 * The result that a chained plugin and CHECK get is the whole chain's: other plugins may have added links, addresses and routes of their own.
 */
import type { Route, RouteScope } from "cnidaria:plugin/container-routes@0.1.0";
import type {
  AttachmentResult,
  IpAddress,
  IpFamily,
  Request,
  ResultIp,
  ResultRoute,
} from "cnidaria:plugin/types@0.1.0";

import { invalid } from "./configuration.ts";
import { addressesEqual, networkOf, prefixContains, prefixesEqual } from "./ip.ts";
import { formatPrefix } from "./ip-text.ts";

/** The main routing table, which 0 means too. Source: `enum rt_class_t`, linux/rtnetlink.h. */
export const MAIN_TABLE = 254;

/** Scopes of a result, by number. Source: `enum rt_scope_t`, linux/rtnetlink.h. */
const SCOPES: ReadonlyMap<number, RouteScope> = new Map([
  [0, "global"],
  [253, "link"],
  [254, "host"],
]);

/** Gives the number of a table; absent and 0 are the main one. */
export function tableNumber(table: number | undefined): number {
  return table === undefined || table === 0 ? MAIN_TABLE : table;
}

/** Gives the families of some addresses, IPv4 first. */
export function familiesOf(ips: readonly ResultIp[]): IpFamily[] {
  return (["ipv4", "ipv6"] as const).filter((family) => ips.some(({ address }) => address.address.tag === family));
}

/** Gives the next hop of a route: its own, else the first gateway of an address of its family; `undefined`: none. */
export function gatewayOf(route: ResultRoute, ips: readonly ResultIp[]): IpAddress | undefined {
  const family = route.destination.address.tag;
  return route.gateway ?? ips.find(({ gateway }) => gateway?.tag === family)?.gateway;
}

/**
 * Gives a route of a result as the kernel takes it.
 * @throws {PluginFailure} code 7 when it has a scope that is none.
 */
export function toKernelRoute(route: ResultRoute, ips: readonly ResultIp[]): Route {
  const { table, priority, mtuBytes, advmssBytes } = route;
  // The kernel refuses a destination with host bits; the result keeps them.
  const destination = networkOf(route.destination);
  const scope = route.scope === undefined ? undefined : SCOPES.get(route.scope);
  if (route.scope !== undefined && scope === undefined) {
    invalid(`scope of the route to ${formatPrefix(destination)}`, "0 (global), 253 (link) or 254 (host)", route.scope);
  }
  return {
    destination,
    gateway: gatewayOf(route, ips),
    source: undefined,
    scope,
    table,
    priority,
    mtuBytes,
    advmssBytes,
  };
}

/** Gives the addresses of the container's link: those that name it, and those that name no link. */
export function ownIps(request: Request, result: AttachmentResult): ResultIp[] {
  return result.ips.filter(({ interfaceIndex }) => {
    if (interfaceIndex === undefined) return true;
    const link = result.interfaces[interfaceIndex];
    return link?.name === request.ifname && link.sandbox !== undefined;
  });
}

/**
 * Gives the routes that go over the container's link. A result does not say so: with one link in the container it is all of them, with
 * more it is those whose next hop is in a subnet of the link's addresses.
 */
export function ownRoutes(request: Request, result: AttachmentResult): ResultRoute[] {
  const containerLinks = result.interfaces.filter(({ sandbox }) => sandbox !== undefined);
  if (containerLinks.length <= 1) return result.routes;
  const ips = ownIps(request, result);
  return result.routes.filter((route) => {
    const gateway = gatewayOf(route, ips);
    return gateway !== undefined && ips.some(({ address }) => prefixContains(address, gateway));
  });
}

/**
 * Gives the first route that is not there; `undefined`: all are. A route that names no table may be in any, since plugins further down
 * the chain move routes to tables of their own. The network of an address needs no route: a /32 has none.
 */
export function missingRoute(
  wanted: readonly ResultRoute[],
  found: readonly Route[],
  ips: readonly ResultIp[],
): ResultRoute | undefined {
  return wanted.find((route) => !found.some((each) => isRoute(route, each, ips)));
}

function isRoute(wanted: ResultRoute, found: Route, ips: readonly ResultIp[]): boolean {
  const gateway = gatewayOf(wanted, ips);
  return (
    prefixesEqual(networkOf(wanted.destination), networkOf(found.destination)) &&
    (gateway === undefined || (found.gateway !== undefined && addressesEqual(found.gateway, gateway))) &&
    (wanted.table === undefined || tableNumber(wanted.table) === tableNumber(found.table))
  );
}
