/**
 * @module Which addresses and routes of a result are this attachment's, and which of them are missing. Pure.
 *
 * The result that CHECK gets is the whole chain's: other plugins may have added links, addresses and routes of their own.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { AttachmentResult, Request, ResultIp, ResultRoute } from "cnidaria:plugin/types@0.1.0";

import { addressesEqual, networkOf, prefixContains, prefixesEqual } from "../sdk/ip.ts";
import { gatewayOf } from "./addressing.ts";

/** The main routing table, which 0 means too. Source: `enum rt_class_t`, linux/rtnetlink.h. */
const MAIN_TABLE = 254;

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

function tableNumber(table: number | undefined): number {
  return table === undefined || table === 0 ? MAIN_TABLE : table;
}
