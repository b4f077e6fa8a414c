/**
 * @module IP addresses and prefixes as data, in the shape that WIT values are lifted to. No dependency.
 */

import { CniError } from "./error.ts";

/** 4 octets, as sent on the wire. */
export type Ipv4Octets = readonly [number, number, number, number];
/** 8 groups of 16 bits, most significant first. */
export type Ipv6Groups = readonly [number, number, number, number, number, number, number, number];

/** An address of either family: the WIT variant `ip-address`. */
export type IpAddress =
  | { readonly tag: "ipv4"; readonly val: Ipv4Octets }
  | { readonly tag: "ipv6"; readonly val: Ipv6Groups };

/** The WIT enum `ip-family`. */
export type IpFamily = "ipv4" | "ipv6";

/** An address with the length of its network prefix in bits; host bits are kept. The WIT record `ip-prefix`. */
export interface IpPrefix {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** Octets of an address. Source: RFC 791, RFC 8200. */
const BYTES = { ipv4: 4, ipv6: 16 } as const;
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/u;
const GROUP = /^[0-9a-fA-F]{1,4}$/u;
const PREFIX_LENGTH = /^(?:0|[1-9][0-9]{0,2})$/u;

/** Tells the family of an address. */
export function familyOf(address: IpAddress): IpFamily {
  return address.tag;
}

/** Gives the longest prefix of a family, in bits: 32 or 128. */
export function addressBits(family: IpFamily): number {
  return BYTES[family] * 8;
}

/**
 * Parses `10.1.0.7` or `2001:db8::7`. No zone, no leading zeros in IPv4.
 * @throws {CniError} invalidNetworkConfig when it is no address.
 */
export function parseIpAddress(text: string): IpAddress {
  const address = readIpAddress(text);
  if (address === undefined) throw new CniError("invalidNetworkConfig", `${JSON.stringify(text)} is not an IP address`);
  return address;
}

/**
 * Parses `10.1.0.7/24`; host bits are kept.
 * @throws {CniError} invalidNetworkConfig when it is no address with a prefix length.
 */
export function parseIpPrefix(text: string): IpPrefix {
  const prefix = readIpPrefix(text);
  if (prefix === undefined) {
    throw new CniError("invalidNetworkConfig", `${JSON.stringify(text)} is not an address with a prefix length`, {
      details: "want for example 10.1.0.7/24 or 2001:db8::7/64",
    });
  }
  return prefix;
}

/** Reads an address; `undefined`: it is none. */
export function readIpAddress(text: string): IpAddress | undefined {
  return text.includes(":") ? readIpv6(text) : readIpv4(text);
}

/** Reads an address with a prefix length; `undefined`: it is none. */
export function readIpPrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = readIpAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === undefined || !PREFIX_LENGTH.test(length)) return undefined;
  const prefixLength = Number(length);
  return prefixLength <= addressBits(address.tag) ? { address, prefixLength } : undefined;
}

function readIpv4(text: string): IpAddress | undefined {
  const octets = readOctets(text);
  return octets === undefined ? undefined : { tag: "ipv4", val: octets };
}

function readOctets(text: string): Ipv4Octets | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part) && Number(part) <= 255)) return undefined;
  return parts.map(Number) as unknown as Ipv4Octets;
}

function readIpv6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = readGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? readGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group; without it all eight are there.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  return { tag: "ipv6", val: groups as unknown as Ipv6Groups };
}

/** Reads groups between colons; the last may be a dotted IPv4 address where the text ends. */
function readGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const octets = atEnd && index === parts.length - 1 ? readOctets(part) : undefined;
    if (octets === undefined) return undefined;
    groups.push(octets[0] * 256 + octets[1], octets[2] * 256 + octets[3]);
  }
  return groups;
}

/** Writes an address as people and kernels do. Source: RFC 5952 for IPv6. */
export function formatIpAddress(address: IpAddress): string {
  return address.tag === "ipv4" ? address.val.join(".") : formatIpv6(address.val);
}

/** Writes an address with its prefix length, host bits included. */
export function formatIpPrefix(prefix: IpPrefix): string {
  return `${formatIpAddress(prefix.address)}/${prefix.prefixLength}`;
}

function formatIpv6(groups: Ipv6Groups): string {
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${[groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255].join(".")}`;
  }
  const hex = groups.map((group) => group.toString(16));
  const zeros = longestZeros(groups);
  if (zeros.length < 2) return hex.join(":");
  return `${hex.slice(0, zeros.start).join(":")}::${hex.slice(zeros.start + zeros.length).join(":")}`;
}

/** Finds the longest run of zero groups, the first of equals. */
function longestZeros(groups: Ipv6Groups): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** Tells whether two addresses are the same. Families never mix. */
export function ipEquals(left: IpAddress, right: IpAddress): boolean {
  return left.tag === right.tag && left.val.every((part, index) => part === right.val[index]);
}

/** Tells whether two prefixes are the same, host bits and length included. */
export function prefixEquals(left: IpPrefix, right: IpPrefix): boolean {
  return left.prefixLength === right.prefixLength && ipEquals(left.address, right.address);
}

/** Tells whether an address is 0.0.0.0 or ::, which stands for any. */
export function isUnspecified(address: IpAddress): boolean {
  return address.val.every((part) => part === 0);
}

/** Orders addresses: IPv4 before IPv6, then by value. Negative: `left` comes first. */
export function compareIp(left: IpAddress, right: IpAddress): number {
  if (left.tag !== right.tag) return left.tag === "ipv4" ? -1 : 1;
  for (const [index, part] of left.val.entries()) {
    const difference = part - (right.val[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Gives the network of a prefix: the same length, host bits cleared. */
export function networkOf(prefix: IpPrefix): IpPrefix {
  const bytes = ipToBytes(prefix.address);
  for (let index = 0; index < bytes.length; index += 1) {
    const kept = Math.min(8, Math.max(0, prefix.prefixLength - index * 8));
    bytes[index] = (bytes[index] ?? 0) & (0xff << (8 - kept));
  }
  return { address: ipFromBytes(bytes), prefixLength: prefix.prefixLength };
}

/** Tells whether an address lies in the network of a prefix. */
export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.address.tag !== address.tag) return false;
  const { prefixLength } = prefix;
  return ipEquals(networkOf(prefix).address, networkOf({ address, prefixLength }).address);
}

/** Tells whether every address of `inner`'s network lies in `outer`'s. */
export function prefixCovers(outer: IpPrefix, inner: IpPrefix): boolean {
  return inner.prefixLength >= outer.prefixLength && prefixContains(outer, inner.address);
}

/** Gives an address as bytes: 4 or 16, as sent on the wire. */
export function ipToBytes(address: IpAddress): Uint8Array {
  if (address.tag === "ipv4") return Uint8Array.from(address.val);
  return Uint8Array.from(address.val.flatMap((group) => [group >> 8, group & 255]));
}

/**
 * Reads an address from 4 or 16 bytes, as sent on the wire.
 * @throws {CniError} decodingFailure for any other length.
 */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === BYTES.ipv4) return { tag: "ipv4", val: Array.from(bytes) as unknown as Ipv4Octets };
  if (bytes.length !== BYTES.ipv6) {
    throw new CniError("decodingFailure", `an IP address has 4 or 16 bytes, not ${bytes.length}`);
  }
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0));
  return { tag: "ipv6", val: groups as unknown as Ipv6Groups };
}

/** Tells whether a value that came over a channel is an address: tag, length and range of every part. Does not trust: anything may come. */
export function isIpAddress(value: unknown): value is IpAddress {
  if (typeof value !== "object" || value === null) return false;
  const { tag, val } = value as { tag?: unknown; val?: unknown };
  if ((tag !== "ipv4" && tag !== "ipv6") || !Array.isArray(val)) return false;
  const [length, most] = tag === "ipv4" ? [4, 0xff] : [8, 0xffff];
  return (
    val.length === length &&
    val.every((part: unknown) => Number.isInteger(part) && Number(part) >= 0 && Number(part) <= most)
  );
}

/** Tells whether a value that came over a channel is an address with a prefix length in range. Does not trust: anything may come. */
export function isIpPrefix(value: unknown): value is IpPrefix {
  if (typeof value !== "object" || value === null) return false;
  const { address, prefixLength } = value as { address?: unknown; prefixLength?: unknown };
  if (!isIpAddress(address) || typeof prefixLength !== "number" || !Number.isInteger(prefixLength)) return false;
  return prefixLength >= 0 && prefixLength <= addressBits(address.tag);
}
