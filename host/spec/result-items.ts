/**
 * @module The items of a result as JSON: links, addresses, routes and resolver settings.
 */

import { familyOf, formatIpAddress, formatIpPrefix, readIpAddress, readIpPrefix } from "./ip.ts";
import { readKey } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { formatMac, readMac } from "./mac.ts";
import {
  compact,
  countOf,
  extensionsOf,
  itemsOf,
  listOf,
  objectOf,
  optional,
  parseExtensions,
  required,
  textOf,
  wrong,
} from "./result-fields.ts";
import type { Dns, ResultInterface, ResultIp, ResultRoute } from "./result.ts";

const INTERFACE_KEYS = ["name", "mac", "mtu", "sandbox", "socketPath", "pciID"];
const KEYS_BESIDE_MAC = INTERFACE_KEYS.filter((key) => key !== "mac");
const IP_KEYS = ["version", "address", "gateway", "interface"];
/** Fields of a route in the newest version. */
export const ROUTE_KEYS = ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"];

/** Reads an entry of `interfaces`. */
export function parseInterface(value: JsonValue): ResultInterface {
  const object = objectOf(value, "interfaces");
  const mac = textOf(object, "mac");
  return {
    name: textOf(object, "name") ?? "",
    // A link without a hardware address of 6 octets keeps its text as an extension.
    mac: mac === undefined ? undefined : readMac(mac),
    mtuBytes: countOf(object, "mtu") || undefined,
    sandbox: textOf(object, "sandbox"),
    socketPath: textOf(object, "socketPath"),
    pciId: textOf(object, "pciID"),
    extensions: extensionsOf(
      object,
      mac !== undefined && readMac(mac) === undefined ? KEYS_BESIDE_MAC : INTERFACE_KEYS,
    ),
  };
}

/** Writes an entry of `interfaces`; `labelled`: as before 1.0.0, which loses `mtu`, `socketPath` and `pciID`. */
export function formatInterface(link: ResultInterface, labelled: boolean): JsonObject {
  const extras = labelled ? {} : { mtu: link.mtuBytes, socketPath: link.socketPath, pciID: link.pciId };
  const mac = link.mac === undefined ? undefined : formatMac(link.mac);
  const known = link.mac === undefined ? KEYS_BESIDE_MAC : INTERFACE_KEYS;
  return compact({
    name: link.name,
    mac,
    sandbox: link.sandbox,
    ...extras,
    ...parseExtensions(link.extensions, known),
  });
}

/** Reads an entry of `ips`. */
export function parseIp(value: JsonValue): ResultIp {
  const object = objectOf(value, "ips");
  const index = readKey(object, "interface");
  if (index !== undefined && (typeof index !== "number" || !Number.isInteger(index)))
    throw wrong("ips.interface", index, "a whole number");
  return {
    address: required(object, "address", readIpPrefix),
    gateway: optional(object, "gateway", readIpAddress),
    // -1 is what some plugins write for "none".
    interfaceIndex: index === undefined || index < 0 ? undefined : index,
    extensions: extensionsOf(object, IP_KEYS),
  };
}

/** Writes an entry of `ips`; `labelled`: with its `version`, as before 1.0.0. */
export function formatIp(ip: ResultIp, labelled: boolean): JsonObject {
  return compact({
    version: labelled ? (familyOf(ip.address.address) === "ipv4" ? "4" : "6") : undefined,
    interface: ip.interfaceIndex,
    address: formatIpPrefix(ip.address),
    gateway: ip.gateway === undefined ? undefined : formatIpAddress(ip.gateway),
    ...parseExtensions(ip.extensions, IP_KEYS),
  });
}

/** Reads an entry of `routes`. */
export function parseRoute(value: JsonValue): ResultRoute {
  const object = objectOf(value, "routes");
  return {
    destination: required(object, "dst", readIpPrefix),
    gateway: optional(object, "gw", readIpAddress),
    mtuBytes: countOf(object, "mtu") || undefined,
    advmssBytes: countOf(object, "advmss") || undefined,
    priority: countOf(object, "priority") || undefined,
    table: countOf(object, "table"),
    scope: countOf(object, "scope"),
    extensions: extensionsOf(object, ROUTE_KEYS),
  };
}

/** Writes an entry of `routes`. Every version has all fields, as libcni has it. */
export function formatRoute(route: ResultRoute): JsonObject {
  return compact({
    dst: formatIpPrefix(route.destination),
    gw: route.gateway === undefined ? undefined : formatIpAddress(route.gateway),
    mtu: route.mtuBytes,
    advmss: route.advmssBytes,
    priority: route.priority,
    table: route.table,
    scope: route.scope,
    ...parseExtensions(route.extensions, ROUTE_KEYS),
  });
}

/** Parses `dns`; `undefined`: the key is not there, which is not an empty object. */
export function parseDns(value: JsonValue | undefined): Dns | undefined {
  if (value === undefined) return undefined;
  const object = objectOf(value, "dns");
  const texts = (key: string): readonly string[] =>
    itemsOf(object, key).map((item) => {
      if (typeof item === "string") return item;
      throw wrong(`dns.${key}`, item, "a string");
    });
  return {
    nameservers: texts("nameservers"),
    domain: textOf(object, "domain"),
    search: texts("search"),
    options: texts("options"),
  };
}

/** Writes `dns`; `undefined`: there is nothing in it. */
export function formatDns(dns: Dns | undefined): JsonObject | undefined {
  if (dns === undefined) return undefined;
  const object = compact({
    nameservers: listOf(dns.nameservers),
    domain: dns.domain,
    search: listOf(dns.search),
    options: listOf(dns.options),
  });
  return Object.keys(object).length === 0 ? undefined : object;
}
