/**
 * @module Messages about addresses. Source of all numbers: linux/rtnetlink.h, linux/if_addr.h, Linux 6.12.
 */

import { addressBits, ipFromBytes, ipToBytes, type IpFamily, type IpPrefix } from "../../spec/ip.ts";
import { FLAG_CREATE, FLAG_EXCLUSIVE, readAttributes, readU32, type Message } from "./codec.ts";
import type { NetlinkRequest } from "./socket.ts";
import type { MessageWriter } from "./writer.ts";

export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
export const RTM_GETADDR = 22;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;

const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;

/** Bytes of `struct ifaddrmsg`. */
const ADDRESS_HEADER_BYTES = 8;
/** Prefixes from this length on have no broadcast address. Source: RFC 3021. */
const NO_BROADCAST_LENGTH = 31;

/** Numbers of the families. Source: bits/socket.h. */
export const FAMILY_NUMBERS = { ipv4: 2, ipv6: 10 } as const;

/** An address of a link. */
export interface LinkAddress {
  /** The address and its prefix, host bits kept. */
  readonly address: IpPrefix;
  /** Index of the link that has it. */
  readonly linkIndex: number;
  /** Duplicate address detection still runs. */
  readonly tentative: boolean;
  /** Duplicate address detection failed. */
  readonly duplicate: boolean;
  /** Source: RT_SCOPE_*, linux/rtnetlink.h: 0 global, 253 link, 254 host. */
  readonly scope: number;
}

/** Gives the family of a number; `undefined`: neither IPv4 nor IPv6. */
export function familyOfNumber(number: number | undefined): IpFamily | undefined {
  if (number === FAMILY_NUMBERS.ipv4) return "ipv4";
  return number === FAMILY_NUMBERS.ipv6 ? "ipv6" : undefined;
}

/** Adds an address to a link; for IPv4 with the broadcast address of its prefix. */
export function addAddressRequest(index: number, prefix: IpPrefix): NetlinkRequest {
  return {
    type: RTM_NEWADDR,
    flags: FLAG_CREATE | FLAG_EXCLUSIVE,
    call: "RTM_NEWADDR",
    write: (writer) => {
      writeAddress(writer, index, prefix);
      const { address, prefixLength } = prefix;
      if (address.tag === "ipv4" && prefixLength < NO_BROADCAST_LENGTH)
        writer.attribute(IFA_BROADCAST, broadcastOf(prefix));
    },
  };
}

/** Removes an address from a link. */
export function deleteAddressRequest(index: number, prefix: IpPrefix): NetlinkRequest {
  return { type: RTM_DELADDR, call: "RTM_DELADDR", write: (writer) => writeAddress(writer, index, prefix) };
}

/** Asks for the addresses of one link and family. */
export function listAddressesRequest(index: number, family: IpFamily): NetlinkRequest {
  return {
    type: RTM_GETADDR,
    call: "RTM_GETADDR dump",
    write: (writer) => void writeAddressHeader(writer, index, { family, prefixLength: 0 }),
  };
}

/**
 * Reads an address; `undefined`: the message is none.
 *
 * | offset | bytes | field |
 * | ---: | ---: | --- |
 * | 0 | 1 | family |
 * | 1 | 1 | length of the prefix, in bits |
 * | 2 | 1 | flags, as far as they fit |
 * | 3 | 1 | scope |
 * | 4 | 4 | index of the link |
 * Source: `struct ifaddrmsg`, linux/if_addr.h, Linux 6.12.
 */
export function readLinkAddress(message: Message): LinkAddress | undefined {
  const { type, payload } = message;
  if (type !== RTM_NEWADDR || payload.length < ADDRESS_HEADER_BYTES) return undefined;
  const attributes = readAttributes(payload, ADDRESS_HEADER_BYTES);
  const family = familyOfNumber(payload[0]);
  const prefixLength = payload.readUInt8(1);
  // IFA_ADDRESS is the other end's on a point-to-point link; IFA_LOCAL, where it is there, is always the link's own.
  const bytes = attributes?.get(IFA_LOCAL) ?? attributes?.get(IFA_ADDRESS);
  if (family === undefined || bytes?.length !== addressBits(family) / 8 || prefixLength > addressBits(family))
    return undefined;
  const flags = readU32(attributes?.get(IFA_FLAGS)) ?? payload.readUInt8(2);
  return {
    address: { address: ipFromBytes(bytes), prefixLength },
    linkIndex: payload.readUInt32LE(4),
    tentative: (flags & IFA_F_TENTATIVE) !== 0,
    duplicate: (flags & IFA_F_DADFAILED) !== 0,
    scope: payload.readUInt8(3),
  };
}

function writeAddress(writer: MessageWriter, index: number, prefix: IpPrefix): void {
  const bytes = ipToBytes(prefix.address);
  writeAddressHeader(writer, index, { family: prefix.address.tag, prefixLength: prefix.prefixLength });
  writer.attribute(IFA_LOCAL, bytes).attribute(IFA_ADDRESS, bytes);
}

function writeAddressHeader(
  writer: MessageWriter,
  index: number,
  header: { family: IpFamily; prefixLength: number },
): MessageWriter {
  return writer.u8(FAMILY_NUMBERS[header.family]).u8(header.prefixLength).u8(0).u8(0).u32(index);
}

function broadcastOf(prefix: IpPrefix): Uint8Array {
  const bytes = ipToBytes(prefix.address);
  for (let index = 0; index < bytes.length; index += 1) {
    const networkBits = Math.min(8, Math.max(0, prefix.prefixLength - index * 8));
    bytes[index] = (bytes[index] ?? 0) | (0xff >> networkBits);
  }
  return bytes;
}
