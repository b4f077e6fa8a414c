/**
 * @module Results as JSON, in the shape of each version, to and from the WIT records.
 */

import { CniError } from "./error.ts";
import { familyOf, formatIpAddress, formatIpPrefix, readIpAddress, readIpPrefix } from "./ip.ts";
import { isJsonArray, isJsonObject, readKey, withoutKeys } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { formatMac, readMac } from "./mac.ts";
import type { AddressResult, AttachmentResult, Dns, ResultInterface, ResultIp, ResultRoute } from "./result.ts";
import { isAtLeast } from "./version.ts";

/** A result and the version that it is written in. */
export interface VersionedResult {
  readonly cniVersion: string;
  readonly result: AttachmentResult;
}

/** Versions whose results have `interfaces`, `ips`, `routes` and `dns`. Those before have `ip4` and `ip6`. */
const LISTED_SINCE = "0.3.0";
/** From here on `ips` has no `version`, and interfaces may have `mtu`, `socketPath` and `pciID`. */
const UNLABELLED_SINCE = "1.0.0";

const RESULT_KEYS = ["cniVersion", "interfaces", "ips", "routes", "dns"];
const ADDRESS_RESULT_KEYS = ["cniVersion", "ips", "routes", "dns"];
const INTERFACE_KEYS = ["name", "mac", "mtu", "sandbox", "socketPath", "pciID"];
const KEYS_BESIDE_MAC = INTERFACE_KEYS.filter((key) => key !== "mac");
const IP_KEYS = ["version", "address", "gateway", "interface"];
const ROUTE_KEYS = ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"];

/**
 * Parses a result. One without a version has `cniVersion`. Source: CNI SPEC 1.1.0, section 5; libcni `pkg/types`.
 * @throws {CniError} decodingFailure when a field has the wrong type or form.
 * @throws {CniError} incompatibleCniVersion when it is older than 0.3.0.
 */
export function parseResult(value: JsonValue, cniVersion: string): VersionedResult {
  const object = value === null ? {} : objectOf(value, "result");
  const own = textOf(object, "cniVersion") ?? cniVersion;
  if (!isAtLeast(own, LISTED_SINCE)) {
    throw new CniError("incompatibleCniVersion", `results of version ${JSON.stringify(own)} are not supported`);
  }
  const result = {
    interfaces: itemsOf(object, "interfaces").map(parseInterface),
    ips: itemsOf(object, "ips").map(parseIp),
    routes: itemsOf(object, "routes").map(parseRoute),
    dns: parseDns(readKey(object, "dns")),
    extensions: extensionsOf(object, RESULT_KEYS),
  };
  return { cniVersion: own, result };
}

/** Parses what an IPAM plugin answered; `interfaces`, which some put there, are kept as an extension. Throws as {@link parseResult}. */
export function parseAddressResult(value: JsonValue, cniVersion: string): AddressResult {
  const { interfaces: _links, ...result } = parseResult(value, cniVersion).result;
  return { ...result, extensions: isJsonObject(value) ? extensionsOf(value, ADDRESS_RESULT_KEYS) : undefined };
}

/** Writes a result in the shape of a version. Empty lists and an empty `dns` are left out. */
export function formatResult(result: AttachmentResult, cniVersion: string): JsonObject {
  const labelled = !isAtLeast(cniVersion, UNLABELLED_SINCE);
  return compact({
    cniVersion,
    interfaces: listOf(result.interfaces.map((link) => formatInterface(link, labelled))),
    ...formatAddresses(result, labelled),
    ...parseExtensions(result.extensions, RESULT_KEYS),
  });
}

/** Writes what an IPAM plugin answered in the shape of a version. */
export function formatAddressResult(result: AddressResult, cniVersion: string): JsonObject {
  const labelled = !isAtLeast(cniVersion, UNLABELLED_SINCE);
  return compact({
    cniVersion,
    ...formatAddresses(result, labelled),
    ...parseExtensions(result.extensions, ADDRESS_RESULT_KEYS),
  });
}

/** Converts a result between versions. Throws as {@link parseResult}. */
export function convertResult(value: JsonValue, from: string, to: string): JsonObject {
  return formatResult(parseResult(value, from).result, to);
}

function formatAddresses(result: AddressResult, labelled: boolean): Record<string, JsonValue | undefined> {
  return {
    ips: listOf(result.ips.map((ip) => formatIp(ip, labelled))),
    routes: listOf(result.routes.map(formatRoute)),
    dns: formatDns(result.dns),
  };
}

function parseInterface(value: JsonValue): ResultInterface {
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

function formatInterface(link: ResultInterface, labelled: boolean): JsonObject {
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

function parseIp(value: JsonValue): ResultIp {
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

function formatIp(ip: ResultIp, labelled: boolean): JsonObject {
  return compact({
    version: labelled ? (familyOf(ip.address.address) === "ipv4" ? "4" : "6") : undefined,
    interface: ip.interfaceIndex,
    address: formatIpPrefix(ip.address),
    gateway: ip.gateway === undefined ? undefined : formatIpAddress(ip.gateway),
    ...parseExtensions(ip.extensions, IP_KEYS),
  });
}

function parseRoute(value: JsonValue): ResultRoute {
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

function formatRoute(route: ResultRoute): JsonObject {
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
function parseDns(value: JsonValue | undefined): Dns | undefined {
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

function formatDns(dns: Dns | undefined): JsonObject | undefined {
  if (dns === undefined) return undefined;
  const object = compact({
    nameservers: listOf(dns.nameservers),
    domain: dns.domain,
    search: listOf(dns.search),
    options: listOf(dns.options),
  });
  return Object.keys(object).length === 0 ? undefined : object;
}

/** Keeps the fields that are not known; `undefined`: there are none. */
function extensionsOf(object: JsonObject, known: readonly string[]): string | undefined {
  const rest = withoutKeys(object, known);
  return Object.keys(rest).length === 0 ? undefined : JSON.stringify(rest);
}

/** Reads extensions back. Does not trust: what is no JSON object is left out, and no known key is overwritten. */
function parseExtensions(text: string | undefined, known: readonly string[]): JsonObject {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? withoutKeys(value, known) : {};
  } catch {
    return {};
  }
}

function compact(object: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}

function listOf<T extends JsonValue>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

function itemsOf(object: JsonObject, key: string): readonly JsonValue[] {
  const value = readKey(object, key);
  if (value === undefined) return [];
  if (isJsonArray(value)) return value;
  throw wrong(key, value, "an array");
}

function objectOf(value: JsonValue, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw wrong(name, value, "an object");
}

/** Reads a text; `""` is Go's "not given". */
function textOf(object: JsonObject, key: string): string | undefined {
  const value = readKey(object, key);
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return value;
  throw wrong(key, value, "a string");
}

function countOf(object: JsonObject, key: string): number | undefined {
  const value = readKey(object, key);
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw wrong(key, value, "a whole number of 32 bits");
}

function optional<T>(object: JsonObject, key: string, read: (text: string) => T | undefined): T | undefined {
  const text = textOf(object, key);
  return text === undefined ? undefined : required(object, key, read);
}

function required<T>(object: JsonObject, key: string, read: (text: string) => T | undefined): T {
  const text = textOf(object, key);
  const value = text === undefined ? undefined : read(text);
  if (value === undefined) throw wrong(key, text, "an address");
  return value;
}

function wrong(name: string, value: unknown, want: string): CniError {
  return new CniError("decodingFailure", `the result's ${JSON.stringify(name)} is not ${want}`, {
    details: `got ${JSON.stringify(value)}`,
  });
}
