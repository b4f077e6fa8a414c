/**
 * @module Messages about links: what is asked, and how the answer is read. Source of all numbers: linux/rtnetlink.h, linux/if_link.h, linux/if.h, Linux 6.12.
 */

import type { MacAddress } from "../../spec/mac.ts";
import { readAttributes, readText, readU32, type Attributes, type Message } from "./codec.ts";
import type { MessageWriter } from "./writer.ts";

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
export const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;

/** Attributes of a link. */
export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_PROTINFO = 12;
export const IFLA_TXQLEN = 13;
const IFLA_OPERSTATE = 16;
export const IFLA_LINKINFO = 18;
export const IFLA_IFALIAS = 20;
export const IFLA_GROUP = 27;
export const IFLA_NET_NS_FD = 28;
export const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
/** Attributes of a link's kind. */
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;

/** Flags of a link. */
export const IFF_UP = 0x1;
export const IFF_PROMISC = 0x100;
export const IFF_ALLMULTI = 0x200;

/** Bytes of `struct ifinfomsg`. */
const LINK_HEADER_BYTES = 16;
const MAC_BYTES = 6;

/** Whether a link can carry packets. The WIT enum `operational-state`. */
export type OperationalState = "unknown" | "down" | "dormant" | "up";

/** IF_OPER_*: unknown, not present, down, lower layer down, testing, dormant, up. */
const OPERATIONAL_STATES: readonly OperationalState[] = ["unknown", "down", "down", "down", "down", "dormant", "up"];

/** A link as the kernel describes it. */
export interface Link {
  /** Its name in its namespace. */
  readonly name: string;
  /** Its index in its namespace. */
  readonly index: number;
  /** Kind, as `ip link` spells it (`veth`, `bridge`, …); empty for a link without one, such as `lo`. */
  readonly kind: string;
  /** Hardware address; `undefined`: none, or not one of 6 octets. */
  readonly mac: MacAddress | undefined;
  /** MTU in bytes. */
  readonly mtu: number;
  /** Administratively up. */
  readonly up: boolean;
  readonly operationalState: OperationalState;
  readonly promiscuous: boolean;
  readonly allMulticast: boolean;
  /** Length of its transmit queue, in packets. */
  readonly txQueueLength: number;
  /** Index of the bridge or VRF that it belongs to; `undefined`: none. */
  readonly masterIndex: number | undefined;
  /** Index of its peer or parent, which may be in another namespace; `undefined`: none. */
  readonly peerIndex: number | undefined;
  /** Free text, at most 255 bytes; `undefined`: none. Inside a container its owner writes it. */
  readonly alias: string | undefined;
  /** Number of its group; 0 unless somebody set it. */
  readonly group: number;
  /** Number, in this namespace, of the namespace that its peer or parent is in; `undefined`: this one. */
  readonly netnsId: number | undefined;
}

/** What a link message begins with. */
export interface LinkHeader {
  readonly family?: number;
  /** 0: by name, or a new one. */
  readonly index?: number;
  readonly flags?: number;
  /** Which of the flags are meant. */
  readonly change?: number;
}

/**
 * Appends what a link message begins with.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 1 | padding |
 * | 2 | 2 | hardware type |
 * | 4 | 4 | index |
 * | 8 | 4 | flags |
 * | 12 | 4 | which flags are meant |
 * Source: `struct ifinfomsg`, linux/rtnetlink.h, Linux 6.12.
 */
export function writeLinkHeader(writer: MessageWriter, header: LinkHeader = {}): MessageWriter {
  const { family = 0, index = 0, flags = 0, change = 0 } = header;
  return writer.u8(family).u8(0).u16(0).u32(index).u32(flags).u32(change);
}

/** Reads a link; `undefined`: the message is none. Attributes that are not there have the kernel's defaults. */
export function readLink(message: Message): Link | undefined {
  const { type, payload } = message;
  if (type !== RTM_NEWLINK || payload.length < LINK_HEADER_BYTES) return undefined;
  const attributes = readAttributes(payload, LINK_HEADER_BYTES);
  const name = readText(attributes?.get(IFLA_IFNAME));
  if (attributes === undefined || name === undefined) return undefined;
  const flags = payload.readUInt32LE(8);
  return {
    name,
    index: payload.readUInt32LE(4),
    kind: readKind(attributes),
    mac: readMacAddress(attributes.get(IFLA_ADDRESS)),
    mtu: readU32(attributes.get(IFLA_MTU)) ?? 0,
    up: (flags & IFF_UP) !== 0,
    operationalState: OPERATIONAL_STATES[attributes.get(IFLA_OPERSTATE)?.at(0) ?? 0] ?? "unknown",
    promiscuous: (flags & IFF_PROMISC) !== 0,
    allMulticast: (flags & IFF_ALLMULTI) !== 0,
    txQueueLength: readU32(attributes.get(IFLA_TXQLEN)) ?? 0,
    masterIndex: readU32(attributes.get(IFLA_MASTER)) || undefined,
    peerIndex: readU32(attributes.get(IFLA_LINK)) || undefined,
    alias: readText(attributes.get(IFLA_IFALIAS)),
    group: readU32(attributes.get(IFLA_GROUP)) ?? 0,
    netnsId: readU32(attributes.get(IFLA_LINK_NETNSID)),
  };
}

function readKind(attributes: Attributes): string {
  const info = attributes.get(IFLA_LINKINFO);
  const nested = info === undefined ? undefined : readAttributes(info);
  return readText(nested?.get(IFLA_INFO_KIND)) ?? "";
}

function readMacAddress(bytes: Buffer | undefined): MacAddress | undefined {
  return bytes?.length === MAC_BYTES ? (Array.from(bytes) as unknown as MacAddress) : undefined;
}
