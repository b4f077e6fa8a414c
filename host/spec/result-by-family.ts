/**
 * @module Addresses of a result as 0.1.0 and 0.2.0 have them: at most one of each family, with the routes of that family beside it.
 *
 * Source: CNI SPEC 0.2.0, "Result"; libcni `pkg/types/020`, and its conversions in `pkg/types/internal`.
 */

import { CniError } from "./error.ts";
import { familyOf, formatIpAddress, formatIpPrefix, readIpAddress, readIpPrefix } from "./ip.ts";
import type { IpFamily } from "./ip.ts";
import { readKey } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import {
  compact,
  extensionsOf,
  itemsOf,
  listOf,
  objectOf,
  optional,
  parseExtensions,
  required,
} from "./result-fields.ts";
import { ROUTE_KEYS, parseRoute } from "./result-items.ts";
import type { AddressResult, ResultIp, ResultRoute } from "./result.ts";

const KEYS = { ipv4: "ip4", ipv6: "ip6" } as const satisfies Record<IpFamily, string>;
const FAMILIES = ["ipv4", "ipv6"] as const satisfies readonly IpFamily[];
const ENTRY_KEYS = ["ip", "gateway", "routes"];

/** Reads `ip4` and `ip6`. A route without a gateway stays one. */
export function parseByFamily(object: JsonObject): Pick<AddressResult, "ips" | "routes"> {
  const entries = FAMILIES.flatMap((family) => {
    const value = readKey(object, KEYS[family]);
    return value === undefined ? [] : [objectOf(value, KEYS[family])];
  });
  return {
    ips: entries.map(parseEntry),
    routes: entries.flatMap((entry) => itemsOf(entry, "routes").map(parsePlainRoute)),
  };
}

/**
 * Writes `ip4` and `ip6`: the first address of each family; routes of a family that has an address, and of them destination and gateway.
 * @throws {CniError} incompatibleCniVersion when there is no address at all.
 */
export function formatByFamily(result: AddressResult, cniVersion: string): Record<string, JsonObject | undefined> {
  if (result.ips.length === 0) {
    throw new CniError(
      "incompatibleCniVersion",
      `a result without an address cannot be written in version ${JSON.stringify(cniVersion)}`,
      { details: 'want an address, or a network configuration of "cniVersion" 0.3.0 or newer' },
    );
  }
  return Object.fromEntries(FAMILIES.map((family) => [KEYS[family], formatEntry(result, family)]));
}

function parseEntry(entry: JsonObject): ResultIp {
  return {
    address: required(entry, "ip", readIpPrefix),
    gateway: optional(entry, "gateway", readIpAddress),
    interfaceIndex: undefined,
    extensions: extensionsOf(entry, ENTRY_KEYS),
  };
}

function parsePlainRoute(value: JsonValue): ResultRoute {
  const { destination, gateway, extensions } = parseRoute(value);
  return {
    destination,
    gateway,
    mtuBytes: undefined,
    advmssBytes: undefined,
    priority: undefined,
    table: undefined,
    scope: undefined,
    extensions,
  };
}

function formatEntry({ ips, routes }: AddressResult, family: IpFamily): JsonObject | undefined {
  const ip = ips.find(({ address }) => familyOf(address.address) === family);
  if (ip === undefined) return undefined;
  const own = routes.filter(({ destination }) => familyOf(destination.address) === family);
  return compact({
    ip: formatIpPrefix(ip.address),
    gateway: ip.gateway === undefined ? undefined : formatIpAddress(ip.gateway),
    routes: listOf(own.map(formatPlainRoute)),
    ...parseExtensions(ip.extensions, ENTRY_KEYS),
  });
}

function formatPlainRoute(route: ResultRoute): JsonObject {
  return compact({
    dst: formatIpPrefix(route.destination),
    gw: route.gateway === undefined ? undefined : formatIpAddress(route.gateway),
    ...parseExtensions(route.extensions, ROUTE_KEYS),
  });
}
