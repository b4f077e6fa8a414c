/**
 * @module Capability arguments as the WIT record `runtime-config`, read from the shapes that runtimes really send.
 */

import { CniError } from "./error.ts";
import { readIpAddress, readIpPrefix } from "./ip.ts";
import type { IpAddress, IpPrefix } from "./ip.ts";
import { isJsonArray, isJsonObject, readKey, withoutKeys } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { readMac } from "./mac.ts";
import type { MacAddress } from "./mac.ts";
import type { Dns } from "./result.ts";

/** The WIT record `port-mapping`. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  /** Lower case. */
  readonly protocol: string;
  readonly hostIp: IpAddress | undefined;
}

/** The WIT record `address-range`. */
export interface AddressRange {
  readonly subnet: IpPrefix;
  readonly rangeStart: IpAddress | undefined;
  readonly rangeEnd: IpAddress | undefined;
  readonly gateway: IpAddress | undefined;
}

/** The WIT record `bandwidth`: decimal text, for the values pass 32 bits. */
export interface Bandwidth {
  readonly ingressRateBitsPerSecond: string | undefined;
  readonly ingressBurstBits: string | undefined;
  readonly egressRateBitsPerSecond: string | undefined;
  readonly egressBurstBits: string | undefined;
}

/** The WIT record `requested-address`. */
export interface RequestedAddress {
  readonly address: IpAddress;
  readonly prefixLength: number | undefined;
}

/** The WIT record `runtime-config`. */
export interface RuntimeConfig {
  readonly portMappings: readonly PortMapping[];
  readonly ipRanges: readonly (readonly AddressRange[])[];
  readonly bandwidth: Bandwidth | undefined;
  readonly dns: Dns | undefined;
  readonly ips: readonly RequestedAddress[];
  readonly mac: MacAddress | undefined;
  readonly deviceId: string | undefined;
  readonly aliases: readonly string[];
  readonly cgroupPath: string | undefined;
  readonly extensions: string | undefined;
}

const KNOWN = ["portMappings", "ipRanges", "bandwidth", "dns", "ips", "mac", "deviceID", "aliases", "cgroupPath"];
/** Highest port number. Source: RFC 9293. */
const PORT_MAX = 65_535;

/**
 * Parses capability arguments. Keys match whatever their case: containerd sends `HostPort`, `IngressRate`, `Servers`.
 * Source: CNI CONVENTIONS.
 * @throws {CniError} invalidNetworkConfig when a value is not allowed; the message names it.
 */
export function parseRuntimeConfig(args: JsonObject, network: string): RuntimeConfig {
  const rest = withoutKeys(args, KNOWN);
  return {
    portMappings: itemsOf(args, "portMappings").map(parsePortMapping),
    ipRanges: itemsOf(args, "ipRanges").map(parseRangeSet),
    bandwidth: parseBandwidth(readKey(args, "bandwidth")),
    dns: parseDnsArgs(readKey(args, "dns")),
    ips: itemsOf(args, "ips").map(parseRequestedAddress),
    mac: optional(readKey(args, "mac"), "mac", (text) => readMac(text)),
    deviceId: optional(readKey(args, "deviceID"), "deviceID", asIs),
    aliases: parseAliases(readKey(args, "aliases"), network),
    cgroupPath: optional(readKey(args, "cgroupPath"), "cgroupPath", asIs),
    extensions: Object.keys(rest).length === 0 ? undefined : JSON.stringify(rest),
  };
}

function parsePortMapping(value: JsonValue): PortMapping {
  const object = objectOf(value, "portMappings");
  return {
    hostPort: portOf(object, "hostPort"),
    containerPort: portOf(object, "containerPort"),
    protocol: optional(readKey(object, "protocol"), "portMappings.protocol", (text) => text.toLowerCase()) ?? "tcp",
    hostIp: optional(readKey(object, "hostIP"), "portMappings.hostIP", readIpAddress),
  };
}

function portOf(object: JsonObject, key: string): number {
  const port = readKey(object, key);
  if (typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= PORT_MAX) return port;
  throw invalid(`portMappings.${key}`, port, `a port, 1 to ${PORT_MAX}`);
}

/** Reads one set of ranges. go-cni sends a flat list: each range is then a set of its own. */
function parseRangeSet(value: JsonValue): readonly AddressRange[] {
  return (isJsonArray(value) ? value : [value]).map((range) => {
    const object = objectOf(range, "ipRanges");
    const subnet = optional(readKey(object, "subnet"), "ipRanges.subnet", readIpPrefix);
    if (subnet === undefined) throw invalid("ipRanges", range, "a range with a subnet");
    return {
      subnet,
      rangeStart: optional(readKey(object, "rangeStart"), "ipRanges.rangeStart", readIpAddress),
      rangeEnd: optional(readKey(object, "rangeEnd"), "ipRanges.rangeEnd", readIpAddress),
      gateway: optional(readKey(object, "gateway"), "ipRanges.gateway", readIpAddress),
    };
  });
}

function parseBandwidth(value: JsonValue | undefined): Bandwidth | undefined {
  if (value === undefined) return undefined;
  const object = objectOf(value, "bandwidth");
  return {
    ingressRateBitsPerSecond: bitsOf(object, "ingressRate"),
    ingressBurstBits: bitsOf(object, "ingressBurst"),
    egressRateBitsPerSecond: bitsOf(object, "egressRate"),
    egressBurstBits: bitsOf(object, "egressBurst"),
  };
}

/** Reads a count of bits; 0 is what Go sends for "not given". */
function bitsOf(object: JsonObject, key: string): string | undefined {
  const value = readKey(object, key);
  if (value === undefined || value === 0) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return BigInt(value).toString();
  throw invalid(`bandwidth.${key}`, value, "a whole number of bits");
}

/** Reads `dns`, whose keys are not those of a result. */
function parseDnsArgs(value: JsonValue | undefined): Dns | undefined {
  if (value === undefined) return undefined;
  const object = objectOf(value, "dns");
  return {
    nameservers: textsOf(object, "servers"),
    domain: undefined,
    search: textsOf(object, "searches"),
    options: textsOf(object, "options"),
  };
}

function parseRequestedAddress(value: JsonValue): RequestedAddress {
  const text = typeof value === "string" ? value : "";
  const prefix = readIpPrefix(text);
  const address = prefix?.address ?? readIpAddress(text);
  if (address === undefined) throw invalid("ips", value, "an address, with or without a prefix length");
  return { address, prefixLength: prefix?.prefixLength };
}

/** Reads aliases: a list, or, as ocicni sends it, an object of lists by network. */
function parseAliases(value: JsonValue | undefined, network: string): readonly string[] {
  if (value === undefined) return [];
  return isJsonObject(value) ? textsOf(value, network) : textsOf({ aliases: value }, "aliases");
}

function itemsOf(object: JsonObject, key: string): readonly JsonValue[] {
  const value = readKey(object, key);
  if (value === undefined) return [];
  if (isJsonArray(value)) return value;
  throw invalid(key, value, "an array");
}

function textsOf(object: JsonObject, key: string): readonly string[] {
  return itemsOf(object, key).map((item) => {
    if (typeof item === "string") return item;
    throw invalid(key, item, "a string");
  });
}

function objectOf(value: JsonValue, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw invalid(name, value, "an object");
}

/** Reads a text; `""` is what Go sends for "not given". */
function optional<T>(value: JsonValue | undefined, name: string, read: (text: string) => T | undefined): T | undefined {
  if (value === undefined || value === "") return undefined;
  const result = typeof value === "string" ? read(value) : undefined;
  if (result === undefined) throw invalid(name, value, "a well-formed text");
  return result;
}

function asIs(text: string): string {
  return text;
}

function invalid(name: string, value: unknown, want: string): CniError {
  return new CniError("invalidNetworkConfig", `capability argument ${JSON.stringify(name)}: want ${want}`, {
    details: `got ${JSON.stringify(value)}`,
  });
}
