/**
 * @module Asking the packet filter for one element of a map, or one chain. libnftables fetches every element of every map before it asks for one.
 * Source of all numbers: linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h, Linux 6.12; for comments libnftnl/udata.h, 1.2.4.
 */

import { ipToBytes, type IpAddress } from "../../spec/ip.ts";
import { readAttributes, readText, type Message } from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";
import type { MessageWriter } from "./writer.ts";

/** The packet filter's number among the families of netlink. Source: NETLINK_NETFILTER, linux/netlink.h. */
export const NETLINK_NETFILTER = 12;

/** The packet filter's number among the parts of netfilter. */
export const SUBSYSTEM_NUMBER = 10;
const SUBSYSTEM = SUBSYSTEM_NUMBER << 8;
const MESSAGE_NEW_TABLE = SUBSYSTEM | 0;
const MESSAGE_GET_TABLE = SUBSYSTEM | 1;
const MESSAGE_NEW_CHAIN = SUBSYSTEM | 3;
const MESSAGE_GET_CHAIN = SUBSYSTEM | 4;
export const MESSAGE_NEW_ELEMENT = SUBSYSTEM | 12;
export const MESSAGE_GET_ELEMENT = SUBSYSTEM | 13;
/** Bytes of `struct nfgenmsg`. */
export const HEADER_BYTES = 4;
const FAMILY_NUMBERS = { inet: 1, ip: 2, bridge: 7, ip6: 10 } as const;

export const TABLE_NAME = 1;
const TABLE_USE = 3;
export const CHAIN_TABLE = 1;
export const CHAIN_NAME = 3;
const CHAIN_POLICY = 5;
const CHAIN_USE = 6;
export const LIST_TABLE = 1;
export const LIST_SET = 2;
export const LIST_ELEMENTS = 3;
export const LIST_ELEMENT = 1;
export const ELEMENT_KEY = 1;
export const ELEMENT_DATA = 2;
export const ELEMENT_USERDATA = 6;
export const DATA_VALUE = 1;
export const DATA_VERDICT = 2;
export const VERDICT_CHAIN = 2;
export const USERDATA_COMMENT = 0;

/** Which map, or which chain. */
export interface MapReference {
  readonly family: keyof typeof FAMILY_NUMBERS;
  readonly table: string;
  readonly name: string;
}

/** Which table. */
export type TableReference = Pick<MapReference, "family" | "table">;

/** The key of an element: an address, or bytes as the packet filter compares them. */
export type ElementKey = IpAddress | Uint8Array;

/** What a packet meets that no rule of a base chain decides on. Source: NF_DROP, NF_ACCEPT, linux/netfilter.h. */
export const POLICY_DROP = 0;
export const POLICY_ACCEPT = 1;

/** What the packet filter says of a chain. */
export interface ChainFacts {
  /** What uses it: its own rules, and the verdicts that lead to it. */
  readonly use: number;
  /** {@link POLICY_ACCEPT} or {@link POLICY_DROP}; `undefined`: it is no base chain. */
  readonly policy: number | undefined;
}

/** An element of a map. */
export interface MapElement {
  /** Its comment; `undefined`: none. */
  readonly comment: string | undefined;
  /** The chain that its verdict goes to; `undefined`: another verdict. */
  readonly chain: string | undefined;
  /** Its value, where that is no verdict. */
  readonly value: Uint8Array | undefined;
}

/**
 * Writes what every message begins with.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 1 | version, 0 |
 * | 2 | 2 | resource, 0 |
 * Source: `struct nfgenmsg`, linux/netfilter/nfnetlink.h, Linux 6.12.
 */
export function writeFilterHeader(writer: MessageWriter, { family }: Pick<MapReference, "family">): void {
  writer.u8(FAMILY_NUMBERS[family]).u8(0).u16(0);
}

/** Asks for the element of one key. */
export function getElementRequest(map: MapReference, key: ElementKey): NetlinkRequest {
  return {
    type: MESSAGE_GET_ELEMENT,
    call: "NFT_MSG_GETSETELEM",
    write: (writer) => {
      writeFilterHeader(writer, map);
      writer.attributeText(LIST_TABLE, map.table).attributeText(LIST_SET, map.name);
      writer.nested(LIST_ELEMENTS, (elements) => {
        elements.nested(LIST_ELEMENT, (element) => {
          element.nested(ELEMENT_KEY, (data) => data.attribute(DATA_VALUE, keyBytes(key)));
        });
      });
    },
  };
}

/** Gives a key as the packet filter compares it. */
export function keyBytes(key: ElementKey): Uint8Array {
  return key instanceof Uint8Array ? key : ipToBytes(key);
}

/** Asks for one chain. */
export function getChainRequest(chain: MapReference): NetlinkRequest {
  return {
    type: MESSAGE_GET_CHAIN,
    call: "NFT_MSG_GETCHAIN",
    write: (writer) => {
      writeFilterHeader(writer, chain);
      writer.attributeText(CHAIN_TABLE, chain.table).attributeText(CHAIN_NAME, chain.name);
    },
  };
}

/** Asks for one table. */
export function getTableRequest({ family, table }: TableReference): NetlinkRequest {
  return {
    type: MESSAGE_GET_TABLE,
    call: "NFT_MSG_GETTABLE",
    write: (writer) => {
      writeFilterHeader(writer, { family });
      writer.attributeText(TABLE_NAME, table);
    },
  };
}

/** Reads how many chains and maps a table has; `undefined`: the message is none. */
export function readTableUse(message: Message): number | undefined {
  if (message.type !== MESSAGE_NEW_TABLE) return undefined;
  const use = readAttributes(message.payload, HEADER_BYTES)?.get(TABLE_USE);
  return use?.length === 4 ? use.readUInt32BE(0) : undefined;
}

/** Asks for all chains of tables of a family: their names and what they are, not their rules. */
export function listChainsRequest({ family }: Pick<MapReference, "family">): NetlinkRequest {
  return {
    type: MESSAGE_GET_CHAIN,
    call: "NFT_MSG_GETCHAIN dump",
    write: (writer) => writeFilterHeader(writer, { family }),
  };
}

/** Reads which chain one of a list is; `undefined`: the message is none. */
export function readChainName(message: Message): Omit<MapReference, "family"> | undefined {
  if (message.type !== MESSAGE_NEW_CHAIN) return undefined;
  const attributes = readAttributes(message.payload, HEADER_BYTES);
  const table = readText(attributes?.get(CHAIN_TABLE));
  const name = readText(attributes?.get(CHAIN_NAME));
  return table === undefined || name === undefined ? undefined : { table, name };
}

/** Reads a chain; `undefined`: the message is none. */
export function readChain(message: Message): ChainFacts | undefined {
  if (message.type !== MESSAGE_NEW_CHAIN) return undefined;
  const attributes = readAttributes(message.payload, HEADER_BYTES);
  const use = attributes?.get(CHAIN_USE);
  const policy = attributes?.get(CHAIN_POLICY);
  if (use?.length !== 4) return undefined;
  return { use: use.readUInt32BE(0), policy: policy?.length === 4 ? policy.readUInt32BE(0) : undefined };
}

/** Reads the one element of an answer; `undefined`: the message is none. */
export function readElement(message: Message): MapElement | undefined {
  if (message.type !== MESSAGE_NEW_ELEMENT || message.payload.length < HEADER_BYTES) return undefined;
  const list = inside(readAttributes(message.payload, HEADER_BYTES)?.get(LIST_ELEMENTS));
  const element = inside(list?.get(LIST_ELEMENT));
  if (element === undefined) return undefined;
  const value = inside(element.get(ELEMENT_DATA))?.get(DATA_VALUE);
  return {
    comment: readComment(element.get(ELEMENT_USERDATA)),
    chain: readVerdictChain(element.get(ELEMENT_DATA)),
    // Copied: the buffer is used again.
    value: value === undefined ? undefined : Uint8Array.from(value),
  };
}

/** Reads the chain that the data of an element leads to; `undefined`: to none. */
export function readVerdictChain(data: Buffer | undefined): string | undefined {
  return readText(inside(inside(data)?.get(DATA_VERDICT))?.get(VERDICT_CHAIN));
}

function inside(attribute: Buffer | undefined): ReturnType<typeof readAttributes> {
  return attribute === undefined ? undefined : readAttributes(attribute);
}

/**
 * Reads the comment among the data that libnftables keeps with an element; `undefined`: none, or not in its form.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | type |
 * | 1 | 1 | length of the value |
 * | 2 | … | value; a comment ends with a NUL |
 * Repeated. Source: `struct nftnl_udata`, libnftnl.
 */
export function readComment(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  for (let offset = 0; offset + 2 <= bytes.length;) {
    const end = offset + 2 + bytes.readUInt8(offset + 1);
    if (end > bytes.length) return undefined;
    if (bytes.readUInt8(offset) === USERDATA_COMMENT) return readText(bytes.subarray(offset + 2, end));
    offset = end;
  }
  return undefined;
}
