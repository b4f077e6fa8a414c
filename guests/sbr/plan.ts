/**
 * @module Which routes every address of a link gets in a table of its own, and which leave the main table. Pure.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { Rule } from "cnidaria:plugin/container-rules@0.1.0";
import type { IpAddress, IpPrefix, ResultIp } from "cnidaria:plugin/types@0.1.0";

import { CODES, fail } from "../sdk/index.ts";
import {
  addressBits,
  addressesEqual,
  defaultDestination,
  networkOf,
  prefixContains,
  prefixesEqual,
} from "../sdk/ip.ts";
import { formatPrefix } from "../sdk/ip-text.ts";
import { MAIN_TABLE, tableNumber } from "../sdk/own-parts.ts";
import type { SbrConfiguration } from "./configuration.ts";

/** Addresses that are good on one link alone, and for which every link has a route in the main table. Source: RFC 4291, section 2.5.6. */
const LINK_LOCAL: IpPrefix = { address: { tag: "ipv6", val: [0xfe80, 0, 0, 0, 0, 0, 0, 0] }, prefixLength: 10 };

/** What ADD does. */
export interface RoutingPlan {
  /** One for each address. */
  readonly rules: readonly Rule[];
  /** Routes that are added: those without a gateway come first, since the others are reached by them. */
  readonly added: readonly Route[];
  /** Routes that leave the main table. */
  readonly deleted: readonly Route[];
  /** Routes that the main table gets in place of some of those: IPv6 takes none beside another that differs in the source alone. */
  readonly hints: readonly Route[];
}

/** What is known of the link. */
export interface Found {
  /** The link's addresses. */
  readonly ips: readonly ResultIp[];
  /** Its routes, of every table. */
  readonly routes: readonly Route[];
  /** A table for each address. */
  readonly tables: readonly number[];
}

/** Gives the rule that has a table asked for packets from an address. */
export function ruleOf({ address }: ResultIp, table: number): Rule {
  const { tag } = address.address;
  return { source: { address: address.address, prefixLength: addressBits(tag) }, table };
}

/**
 * Plans a table for each address: the routes of the main table that the address has, and a default route.
 * @throws {PluginFailure} code 7 when an address has no gateway, and no default route.
 */
export function planRouting(configuration: SbrConfiguration, { ips, routes, tables }: Found): RoutingPlan {
  const families = new Set(ips.map(({ address }) => address.address.tag));
  const movable = routes.filter(
    ({ destination, table }) =>
      tableNumber(table) === MAIN_TABLE &&
      families.has(destination.address.tag) &&
      !prefixContains(LINK_LOCAL, destination.address),
  );
  const pairs = ips.map((ip, index) => ({ ip, table: tables[index] ?? MAIN_TABLE }));
  const own = pairs.flatMap(({ ip, table }) => tableOf(configuration, { ip, ips, routes: movable, table }));
  const hints = configuration.addSourceHints ? hintsOf(ips, movable) : [];
  return {
    rules: pairs.map(({ ip, table }) => ruleOf(ip, table)),
    added: [...own.filter(isOnLink), ...own.filter((route) => !isOnLink(route))],
    deleted: configuration.addSourceHints
      ? movable.filter((route) => !isOnLink(route) || isHinted(route, hints))
      : movable,
    hints,
  };
}

/** Gives the routes of one address's table. */
function tableOf(
  configuration: SbrConfiguration,
  { ip, ips, routes, table }: Omit<Found, "tables"> & { readonly ip: ResultIp; readonly table: number },
): Route[] {
  const { tag } = ip.address.address;
  const copied = routes
    .filter(({ destination }) => destination.address.tag === tag)
    .filter((route) => belongsTo(route, ip) || !ips.some((each) => belongsTo(route, each)))
    .map((route): Route => ({ ...route, table }));
  const wanted = configuration.gateways.get(tag);
  if (wanted !== undefined) return [...copied.filter((route) => !isDefault(route)), defaultRoute(wanted, table)];
  if (copied.some(isDefault)) return copied;
  const gateway = ip.gateway ?? failWithoutGateway(ip);
  return [...copied, defaultRoute(gateway, table)];
}

function failWithoutGateway({ address }: ResultIp): never {
  const family = address.address.tag === "ipv4" ? "IPv4" : "IPv6";
  return fail(
    CODES.invalidNetworkConfig,
    `${formatPrefix(address)} has no gateway: its table would have no default route`,
    `want an ${family} address in "gateways", a gateway from the IPAM plugin, or a default route over the link`,
  );
}

/** Tells whether a route is an address's: by its source or gateway, or since it has neither. */
function belongsTo({ source, gateway }: Route, ip: ResultIp): boolean {
  if (source === undefined && gateway === undefined) return true;
  const isIn = (address: IpAddress | undefined): boolean =>
    address !== undefined && prefixContains(ip.address, address);
  const isGateway = gateway !== undefined && ip.gateway !== undefined && addressesEqual(gateway, ip.gateway);
  return isIn(source) || isIn(gateway) || isGateway;
}

/** Gives the routes to the subnets of the addresses, with the first address in each as source, where the main table has them without one. */
function hintsOf(ips: readonly ResultIp[], routes: readonly Route[]): Route[] {
  return routes.filter(isOnLink).flatMap((route) => {
    const ip = ips.find(({ address }) => prefixesEqual(networkOf(address), networkOf(route.destination)));
    return ip === undefined || route.source !== undefined ? [] : [{ ...route, source: ip.address.address }];
  });
}

function isHinted(route: Route, hints: readonly Route[]): boolean {
  return route.source === undefined && hints.some(({ destination }) => prefixesEqual(destination, route.destination));
}

function defaultRoute(gateway: IpAddress, table: number): Route {
  return { destination: defaultDestination(gateway.tag), gateway, table };
}

/** Tells whether a route is a default route. */
export function isDefault({ destination }: Route): boolean {
  return destination.prefixLength === 0;
}

function isOnLink({ gateway }: Route): boolean {
  return gateway === undefined;
}
