/**
 * @module What follows from the addresses that an IPAM plugin gave: routes of the container, addresses and routes of the node. Pure.
 *
 * The gateway is the only neighbour: the container reaches it over the link, and its own subnet, as everything else, by way of it.
 */
import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { AddressResult, IpAddress, IpFamily, IpPrefix, ResultIp } from "cnidaria:plugin/types@0.1.0";

import { CODES, fail } from "../sdk/index.ts";
import { addressBits, addressesEqual, networkOf, prefixesEqual } from "../sdk/ip.ts";
import { formatPrefix } from "../sdk/ip-text.ts";
import { familiesOf, toKernelRoute } from "../sdk/own-parts.ts";

/** Place of the container's link among the result's interfaces: after the node's end. */
export const CONTAINER_INTERFACE_INDEX = 1;

/** What ADD does with the addresses. */
export interface Addressing {
  /** The addresses of the container's link, for the result and for the kernel. */
  readonly ips: readonly ResultIp[];
  readonly addresses: readonly IpPrefix[];
  readonly families: readonly IpFamily[];
  /** Routes that the kernel made to the subnets as if they were on the link. */
  readonly connected: readonly Route[];
  /** To the gateways, to the subnets, and those of the IPAM plugin; in that order, since each is reached by one before. */
  readonly routes: readonly Route[];
  /** The gateways, each once, by themselves. */
  readonly gateways: readonly IpPrefix[];
}

/**
 * Derives what ADD does with the addresses that the IPAM plugin gave.
 * @throws {PluginFailure} code 999 when there are none, 7 when one has no gateway or a route has a scope that is none.
 */
export function planAddressing({ ips: given, routes }: AddressResult): Addressing {
  if (given.length === 0) fail(CODES.internal, "the IPAM plugin gave no address");
  const ips = given.map((ip): ResultIp => ({ ...ip, interfaceIndex: CONTAINER_INTERFACE_INDEX }));
  return {
    ips,
    addresses: ips.map(({ address }) => address),
    families: familiesOf(ips),
    connected: ips.map(({ address }) => ({ destination: networkOf(address) })),
    routes: [
      ...ips.flatMap(routesToGateway),
      ...ips.flatMap(routesToSubnet),
      ...routes.map((each) => toKernelRoute(each, ips)),
    ],
    gateways: gatewaysOf(ips),
  };
}

/** Gives the gateways of addresses by themselves, each once. */
export function gatewaysOf(ips: readonly ResultIp[]): IpPrefix[] {
  const gateways: IpPrefix[] = [];
  for (const ip of ips) {
    const alone = aloneOf(gatewayFor(ip));
    if (!gateways.some((other) => prefixesEqual(other, alone))) gateways.push(alone);
  }
  return gateways;
}

/** Gives the routes that the container has for one address. Another address with the same gateway reaches it as well. */
export function routesFor(ip: ResultIp): Route[] {
  return [...routesToGateway(ip, 0, [ip]), ...routesToSubnet(ip)];
}

function routesToGateway(ip: ResultIp, index: number, ips: readonly ResultIp[]): Route[] {
  const gateway = gatewayFor(ip);
  const isFirst =
    ips.findIndex((each) => each.gateway !== undefined && addressesEqual(each.gateway, gateway)) === index;
  return isFirst ? [{ destination: aloneOf(gateway), source: ip.address.address, scope: "link" }] : [];
}

/** An address with the whole length has no subnet. */
function routesToSubnet(ip: ResultIp): Route[] {
  const { address } = ip;
  if (address.prefixLength === addressBits(address.address.tag)) return [];
  return [{ destination: networkOf(address), gateway: gatewayFor(ip), source: address.address }];
}

function gatewayFor({ gateway, address }: ResultIp): IpAddress {
  if (gateway !== undefined) return gateway;
  return fail(
    CODES.invalidNetworkConfig,
    `${formatPrefix(address)} has no gateway: the node's end of the link has to have an address`,
    "have the IPAM plugin give one",
  );
}

function aloneOf(address: IpAddress): IpPrefix {
  return { address, prefixLength: addressBits(address.tag) };
}
