/**
 * @module Messages about routes. Source of all numbers: linux/rtnetlink.h, Linux 6.12.
 */

import {
  addressBits,
  ipFromBytes,
  ipToBytes,
  networkOf,
  type IpAddress,
  type IpFamily,
  type IpPrefix,
} from "../../spec/ip.ts";
import { familyOfNumber, FAMILY_NUMBERS } from "./address-messages.ts";
import {
  FLAG_CREATE,
  FLAG_EXCLUSIVE,
  FLAG_REPLACE,
  readAttributes,
  readU32,
  type Attributes,
  type Message,
} from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";
import type { MessageWriter } from "./writer.ts";

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_GETROUTE = 26;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTAX_MTU = 2;
const RTAX_ADVMSS = 8;

const RTN_UNICAST = 1;
const RTN_LOCAL = 2;
/** Offset of the type in `struct rtmsg`, see {@link readRoutes}. */
const TYPE_OFFSET = 7;
const RTPROT_BOOT = 3;
const RT_TABLE_MAIN = 254;
const RT_TABLE_LOCAL = 255;
/** Highest table number that fits into the header. */
const HEADER_TABLE_MAX = 255;
/** Any scope, when a route is deleted. Source: RT_SCOPE_NOWHERE. */
const SCOPE_NOWHERE = 255;
/** Source: RT_SCOPE_*. */
const SCOPE_NUMBERS = { global: 0, link: 253, host: 254 } as const;

/** Bytes of `struct rtmsg` and of `struct rtnexthop`. */
const ROUTE_HEADER_BYTES = 12;
const NEXT_HOP_BYTES = 8;

/** How far a destination is. The WIT enum `route-scope`. */
export type RouteScope = keyof typeof SCOPE_NUMBERS;

/** A route over one link. The WIT record `route`. */
export interface Route {
  /** Destination; prefix length 0 is the default route. */
  readonly destination: IpPrefix;
  /** Next hop; absent: the destination is on the link. */
  readonly gateway?: IpAddress | undefined;
  /** Preferred source address. */
  readonly source?: IpAddress | undefined;
  /** Scope; absent: `global` with a gateway, `link` without one. In a list: absent for any other scope. */
  readonly scope?: RouteScope | undefined;
  /** Routing table; absent: the main one, 254. */
  readonly table?: number | undefined;
  /** Lower wins; absent: the kernel's choice. */
  readonly priority?: number | undefined;
  readonly mtuBytes?: number | undefined;
  readonly advmssBytes?: number | undefined;
}

/** What happens when there is such a route. The WIT enum `route-mode`. */
export type RouteMode = "exclusive" | "append" | "replace";

const MODE_FLAGS: Readonly<Record<RouteMode, number>> = {
  exclusive: FLAG_CREATE | FLAG_EXCLUSIVE,
  // Without APPEND, as the reference plugins do: a sibling with the same destination.
  append: FLAG_CREATE,
  replace: FLAG_CREATE | FLAG_REPLACE,
};

/** Adds a route over a link. */
export function addRouteRequest(index: number, route: Route, mode: RouteMode): NetlinkRequest {
  const scope = SCOPE_NUMBERS[route.scope ?? (route.gateway === undefined ? "link" : "global")];
  return {
    type: RTM_NEWROUTE,
    flags: MODE_FLAGS[mode],
    call: "RTM_NEWROUTE",
    write: (writer) => {
      writeRouteHeader(writer, route, { protocol: RTPROT_BOOT, scope, type: RTN_UNICAST });
      writeRoute(writer, index, route);
      if (route.source !== undefined) writer.attribute(RTA_PREFSRC, ipToBytes(route.source));
      writeMetrics(writer, route);
    },
  };
}

/** Deletes a route over a link: the first with that destination, and that gateway, priority and table where they are given. */
export function deleteRouteRequest(index: number, route: Route): NetlinkRequest {
  return {
    type: RTM_DELROUTE,
    call: "RTM_DELROUTE",
    write: (writer) => {
      writeRouteHeader(writer, route, { protocol: 0, scope: SCOPE_NOWHERE, type: 0 });
      writeRoute(writer, index, route);
    },
  };
}

/** Asks for the unicast routes over one link. */
export function listRoutesRequest(index: number, family: IpFamily): NetlinkRequest {
  return {
    type: RTM_GETROUTE,
    call: "RTM_GETROUTE dump",
    write: (writer) => {
      writer.u8(FAMILY_NUMBERS[family]).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0).u8(RTN_UNICAST).u32(0);
      writer.attributeU32(RTA_OIF, index);
    },
  };
}

/** Asks for every route of a family, of every table. */
export function listAllRoutesRequest(family: IpFamily): NetlinkRequest {
  return {
    type: RTM_GETROUTE,
    call: "RTM_GETROUTE dump",
    write: (writer) => void writer.u8(FAMILY_NUMBERS[family]).u8(0).u16(0).u32(0).u32(0),
  };
}

/** Asks for the route that a packet to an address takes. */
export function lookUpRouteRequest(address: IpAddress): NetlinkRequest {
  return {
    type: RTM_GETROUTE,
    call: "RTM_GETROUTE",
    write: (writer) => {
      writer.u8(FAMILY_NUMBERS[address.tag]).u8(addressBits(address.tag)).u8(0).u8(0).u8(0).u8(0).u8(0).u8(0).u32(0);
      writer.attribute(RTA_DST, ipToBytes(address));
    },
  };
}

/** Where a packet to an address goes. */
export interface FoundRoute {
  readonly linkIndex: number;
  /** To the node itself. */
  readonly local: boolean;
}

/** Reads the answer to {@link lookUpRouteRequest}; `undefined`: the message is none. */
export function readFoundRoute({ type, payload }: Message): FoundRoute | undefined {
  if (type !== RTM_NEWROUTE || payload.length < ROUTE_HEADER_BYTES) return undefined;
  const linkIndex = readU32(readAttributes(payload, ROUTE_HEADER_BYTES)?.get(RTA_OIF));
  return linkIndex === undefined ? undefined : { linkIndex, local: payload.readUInt8(TYPE_OFFSET) === RTN_LOCAL };
}

/** Where a listed route goes. */
export interface ListedRoute {
  /** Index of the link; `undefined`: none, such as an unreachable one. */
  readonly linkIndex: number | undefined;
  /** It belongs to the kernel's own table of local addresses. */
  readonly local: boolean;
  readonly route: Route;
}

/**
 * Reads a route, of several next hops one route each; `undefined`: the message is none.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 1 | length of the destination's prefix, in bits |
 * | 2 | 2 | length of the source's prefix; type of service |
 * | 4 | 1 | table, where it fits |
 * | 5 | 1 | who made it |
 * | 6 | 1 | scope |
 * | 7 | 1 | type |
 * | 8 | 4 | flags |
 * Source: `struct rtmsg`, linux/rtnetlink.h, Linux 6.12.
 */
export function readRoutes(message: Message): ListedRoute[] | undefined {
  const { type, payload } = message;
  if (type !== RTM_NEWROUTE || payload.length < ROUTE_HEADER_BYTES) return undefined;
  const attributes = readAttributes(payload, ROUTE_HEADER_BYTES);
  const family = familyOfNumber(payload[0]);
  if (attributes === undefined || family === undefined) return undefined;
  const destination = readDestination(attributes.get(RTA_DST), family, payload.readUInt8(1));
  if (destination === undefined) return undefined;
  const table = readU32(attributes.get(RTA_TABLE)) ?? payload.readUInt8(4);
  const common = { destination, table, scope: scopeOf(payload.readUInt8(6)), ...readOptional(attributes) };
  const listed = (linkIndex: number | undefined, gateway: IpAddress | undefined): ListedRoute => {
    return {
      linkIndex,
      local: table === RT_TABLE_LOCAL,
      route: gateway === undefined ? common : { ...common, gateway },
    };
  };
  const hops = attributes.get(RTA_MULTIPATH);
  if (hops === undefined) return [listed(readU32(attributes.get(RTA_OIF)), readAddress(attributes.get(RTA_GATEWAY)))];
  return readNextHops(hops)?.map((hop) => listed(hop.index, hop.gateway));
}

/**
 * Reads next hops, each with attributes of its own; `undefined`: one lies about its length.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 2 | length, attributes included |
 * | 2 | 2 | flags; weight |
 * | 4 | 4 | index of the link |
 * Source: `struct rtnexthop`, linux/rtnetlink.h, Linux 6.12.
 */
function readNextHops(bytes: Buffer): { index: number; gateway: IpAddress | undefined }[] | undefined {
  const hops = [];
  for (let offset = 0; offset < bytes.length;) {
    if (bytes.length - offset < NEXT_HOP_BYTES) return undefined;
    const length = bytes.readUInt16LE(offset);
    if (length < NEXT_HOP_BYTES || length > bytes.length - offset) return undefined;
    const attributes = readAttributes(bytes.subarray(offset, offset + length), NEXT_HOP_BYTES);
    if (attributes === undefined) return undefined;
    hops.push({ index: bytes.readUInt32LE(offset + 4), gateway: readAddress(attributes.get(RTA_GATEWAY)) });
    offset += (length + 3) & ~3;
  }
  return hops;
}

function readDestination(bytes: Buffer | undefined, family: IpFamily, prefixLength: number): IpPrefix | undefined {
  const size = addressBits(family) / 8;
  if (prefixLength > size * 8 || (bytes !== undefined && bytes.length !== size)) return undefined;
  return { address: ipFromBytes(bytes ?? new Uint8Array(size)), prefixLength };
}

function readOptional(attributes: Attributes): Pick<Route, "source" | "priority" | "mtuBytes" | "advmssBytes"> {
  const metrics = attributes.get(RTA_METRICS);
  const nested = metrics === undefined ? undefined : readAttributes(metrics);
  return {
    source: readAddress(attributes.get(RTA_PREFSRC)),
    priority: readU32(attributes.get(RTA_PRIORITY)),
    mtuBytes: readU32(nested?.get(RTAX_MTU)),
    advmssBytes: readU32(nested?.get(RTAX_ADVMSS)),
  };
}

function readAddress(bytes: Buffer | undefined): IpAddress | undefined {
  return bytes?.length === 4 || bytes?.length === 16 ? ipFromBytes(bytes) : undefined;
}

function scopeOf(number: number): RouteScope | undefined {
  if (number === SCOPE_NUMBERS.global) return "global";
  if (number === SCOPE_NUMBERS.link) return "link";
  return number === SCOPE_NUMBERS.host ? "host" : undefined;
}

function writeRouteHeader(
  writer: MessageWriter,
  route: Route,
  header: { protocol: number; scope: number; type: number },
): void {
  const { address, prefixLength } = route.destination;
  const table = route.table ?? RT_TABLE_MAIN;
  writer.u8(FAMILY_NUMBERS[address.tag]).u8(prefixLength).u8(0).u8(0);
  writer
    .u8(table > HEADER_TABLE_MAX ? 0 : table)
    .u8(header.protocol)
    .u8(header.scope)
    .u8(header.type)
    .u32(0);
}

function writeRoute(writer: MessageWriter, index: number, route: Route): void {
  const { destination, gateway, priority, table } = route;
  // The kernel refuses an IPv4 destination with host bits; a configuration may have them.
  if (destination.prefixLength > 0) writer.attribute(RTA_DST, ipToBytes(networkOf(destination).address));
  if (gateway !== undefined) writer.attribute(RTA_GATEWAY, ipToBytes(gateway));
  writer.attributeU32(RTA_OIF, index);
  if (priority !== undefined) writer.attributeU32(RTA_PRIORITY, priority);
  if (table !== undefined) writer.attributeU32(RTA_TABLE, table);
}

function writeMetrics(writer: MessageWriter, route: Route): void {
  const { mtuBytes, advmssBytes } = route;
  if (mtuBytes === undefined && advmssBytes === undefined) return;
  writer.nested(RTA_METRICS, (metrics) => {
    if (mtuBytes !== undefined) metrics.attributeU32(RTAX_MTU, mtuBytes);
    if (advmssBytes !== undefined) metrics.attributeU32(RTAX_ADVMSS, advmssBytes);
  });
}
