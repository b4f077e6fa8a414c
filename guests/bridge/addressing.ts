/**
 * @module What follows from the addresses that an IPAM plugin gave: gateways, routes, and the addresses of the bridge. Pure.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type {
  AddressResult,
  Dns,
  IpAddress,
  IpFamily,
  IpPrefix,
  ResultIp,
  ResultRoute,
} from "cnidaria:plugin/types@0.1.0";

import { CODES, fail } from "../sdk/index.ts";
import { defaultDestination, networkAddress, nextAddress, prefixContains, prefixesEqual } from "../sdk/ip.ts";
import { formatPrefix } from "../sdk/ip-text.ts";
import { familiesOf, toKernelRoute } from "../sdk/own-parts.ts";
import type { BridgeConfiguration } from "./configuration.ts";

/** Place of the container's link among the result's interfaces: after the bridge and the node's end. */
export const CONTAINER_INTERFACE_INDEX = 2;

/** What ADD does with the addresses. */
export interface Addressing {
  /** The addresses of the container's link, for the result and for the kernel. */
  readonly ips: readonly ResultIp[];
  readonly addresses: readonly IpPrefix[];
  /** The routes of the container, for the result and for the kernel. */
  readonly resultRoutes: readonly ResultRoute[];
  readonly routes: readonly Route[];
  /** Addresses that the bridge must have; empty unless it is the gateway. */
  readonly gatewayAddresses: readonly IpPrefix[];
  /** Families of the addresses, IPv4 first. */
  readonly families: readonly IpFamily[];
  /** Resolver settings that the IPAM plugin gave. */
  readonly dns: Dns | undefined;
  /** Fields of the IPAM plugin's result that this version does not know. */
  readonly extensions: string | undefined;
}

/**
 * Derives what ADD does with the addresses that the IPAM plugin gave.
 * @throws {PluginFailure} code 999 when there are none, 7 when there is no room for a gateway or a route has a scope that is none.
 */
export function planAddressing(configuration: BridgeConfiguration, given: AddressResult): Addressing {
  if (given.ips.length === 0) fail(CODES.internal, "the IPAM plugin gave no address");
  const ips = given.ips.map((ip) => planIp(configuration, ip));
  const resultRoutes = configuration.isDefaultGateway ? withDefaultRoutes(given.routes, ips) : given.routes;
  return {
    ips,
    addresses: ips.map(({ address }) => address),
    resultRoutes,
    routes: resultRoutes.map((route) => toKernelRoute(route, ips)),
    gatewayAddresses: configuration.isGateway ? gatewayAddressesOf(ips) : [],
    families: familiesOf(ips),
    dns: given.dns,
    extensions: given.extensions,
  };
}

/** Gives the address of the gateway of every address that has one, with the prefix of its subnet, each once. */
export function gatewayAddressesOf(ips: readonly ResultIp[]): IpPrefix[] {
  const addresses: IpPrefix[] = [];
  for (const { gateway, address } of ips) {
    if (gateway === undefined) continue;
    const prefix: IpPrefix = { address: gateway, prefixLength: address.prefixLength };
    if (!addresses.some((other) => prefixesEqual(other, prefix))) addresses.push(prefix);
  }
  return addresses;
}

function planIp(configuration: BridgeConfiguration, ip: ResultIp): ResultIp {
  const gateway = ip.gateway ?? (configuration.isGateway ? firstAddressOf(ip.address) : undefined);
  return { ...ip, gateway, interfaceIndex: CONTAINER_INTERFACE_INDEX };
}

/** The gateway of a subnet for which the IPAM plugin gave none: its first address after the network's. */
function firstAddressOf(prefix: IpPrefix): IpAddress {
  const first = nextAddress(networkAddress(prefix));
  if (first !== undefined && prefixContains(prefix, first)) return first;
  return fail(
    CODES.invalidNetworkConfig,
    `isGateway: ${formatPrefix(prefix)} has no room for a gateway, and the IPAM plugin gave none`,
  );
}

/**
 * Adds a default route for each family that has none yet. The reference plugin looks only for default routes with a gateway, and then
 * adds one that is there already.
 */
function withDefaultRoutes(routes: readonly ResultRoute[], ips: readonly ResultIp[]): ResultRoute[] {
  const all = [...routes];
  for (const family of familiesOf(ips)) {
    const destination = defaultDestination(family);
    const gateway = ips.find(({ gateway: each }) => each?.tag === family)?.gateway;
    if (gateway === undefined || all.some((route) => isDefault(route, family))) continue;
    all.push({ destination, gateway });
  }
  return all;
}

function isDefault({ destination }: ResultRoute, family: IpFamily): boolean {
  return destination.prefixLength === 0 && destination.address.tag === family;
}
