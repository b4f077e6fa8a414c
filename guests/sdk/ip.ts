/**
 * @module Arithmetic on addresses, in the shape that the contract has them: nothing is converted on the way to the host.
 */

/** An IPv4 address: 4 octets, as sent on the wire. */
export interface Ipv4Address {
  tag: "ipv4";
  val: [number, number, number, number];
}

/** An IPv6 address: 8 groups of 16 bits, most significant first. */
export interface Ipv6Address {
  tag: "ipv6";
  val: [number, number, number, number, number, number, number, number];
}

/** An address of either family. */
export type IpAddress = Ipv4Address | Ipv6Address;

/** The family of an address. */
export type IpFamily = "ipv4" | "ipv6";

/** An address with the length of its network prefix in bits; host bits are kept. */
export interface IpPrefix {
  address: IpAddress;
  prefixLength: number;
}

/** Addresses from `first` to `last`, both included, of one family. */
export interface IpRange {
  first: IpAddress;
  last: IpAddress;
}

/** Length of an address in bits. */
export function addressBits(family: IpFamily): number {
  return family === "ipv4" ? 32 : 128;
}

/** Gives the address as a number: 0 to 2^32 - 1, or 0 to 2^128 - 1. */
export function integerOf(address: IpAddress): bigint {
  const groupBits = address.tag === "ipv4" ? 8n : 16n;
  let value = 0n;
  for (const group of address.val) value = (value << groupBits) | BigInt(group);
  return value;
}

/** Gives the address that a number stands for; `undefined` when it is outside the family. */
export function addressOf(family: IpFamily, value: bigint): IpAddress | undefined {
  if (value < 0n || value >> BigInt(addressBits(family)) !== 0n) return undefined;
  const group = (index: number, bits: number, count: number): number =>
    Number((value >> BigInt(bits * (count - 1 - index))) & ((1n << BigInt(bits)) - 1n));
  if (family === "ipv4") return { tag: "ipv4", val: [group(0, 8, 4), group(1, 8, 4), group(2, 8, 4), group(3, 8, 4)] };
  const g = (index: number): number => group(index, 16, 8);
  return { tag: "ipv6", val: [g(0), g(1), g(2), g(3), g(4), g(5), g(6), g(7)] };
}

/** Orders addresses: IPv4 before IPv6, then by value. Negative when `a` is first, 0 when they are equal. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a.tag !== b.tag) return a.tag === "ipv4" ? -1 : 1;
  for (const [index, group] of a.val.entries()) {
    const difference = group - (b.val[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Tells whether two addresses are the same one. */
export function addressesEqual(a: IpAddress, b: IpAddress): boolean {
  return compareAddresses(a, b) === 0;
}

/** Tells whether two prefixes have the same address, host bits included, and length. */
export function prefixesEqual(a: IpPrefix, b: IpPrefix): boolean {
  return a.prefixLength === b.prefixLength && addressesEqual(a.address, b.address);
}

/** Gives the address after this one; `undefined` after the family's last. */
export function nextAddress(address: IpAddress): IpAddress | undefined {
  return addressOf(address.tag, integerOf(address) + 1n);
}

/** Gives the address before this one; `undefined` before the family's first. */
export function previousAddress(address: IpAddress): IpAddress | undefined {
  return addressOf(address.tag, integerOf(address) - 1n);
}

/** Gives the first address of the network that a prefix names: its host bits are 0. */
export function networkAddress(prefix: IpPrefix): IpAddress {
  return withHostBits(prefix, false);
}

/** Gives the last address of the network that a prefix names, for IPv4 its broadcast address: its host bits are 1. */
export function lastAddress(prefix: IpPrefix): IpAddress {
  return withHostBits(prefix, true);
}

/** Gives the prefix with its host bits 0. */
export function networkOf(prefix: IpPrefix): IpPrefix {
  return { address: networkAddress(prefix), prefixLength: prefix.prefixLength };
}

/** Tells whether any host bit of the prefix is 1. */
export function hasHostBits(prefix: IpPrefix): boolean {
  return !addressesEqual(prefix.address, networkAddress(prefix));
}

/** Tells whether the network that a prefix names contains an address. The other family's addresses are in no network. */
export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.address.tag !== address.tag) return false;
  const shift = BigInt(addressBits(address.tag) - prefix.prefixLength);
  return integerOf(prefix.address) >> shift === integerOf(address) >> shift;
}

/** Tells whether an address lies in a range. */
export function rangeContains(range: IpRange, address: IpAddress): boolean {
  return (
    range.first.tag === address.tag &&
    compareAddresses(range.first, address) <= 0 &&
    compareAddresses(address, range.last) <= 0
  );
}

/** Tells whether two ranges share an address. */
export function rangesOverlap(a: IpRange, b: IpRange): boolean {
  return (
    a.first.tag === b.first.tag && compareAddresses(a.first, b.last) <= 0 && compareAddresses(b.first, a.last) <= 0
  );
}

/** Gives the default route's destination: length 0 of a family. */
export function defaultDestination(family: IpFamily): IpPrefix {
  const zeros: IpAddress =
    family === "ipv4" ? { tag: "ipv4", val: [0, 0, 0, 0] } : { tag: "ipv6", val: [0, 0, 0, 0, 0, 0, 0, 0] };
  return { address: zeros, prefixLength: 0 };
}

function withHostBits(prefix: IpPrefix, ones: boolean): IpAddress {
  const family = prefix.address.tag;
  const bits = addressBits(family);
  const hostMask = (1n << BigInt(bits - Math.min(prefix.prefixLength, bits))) - 1n;
  const value = integerOf(prefix.address);
  const address = addressOf(family, ones ? value | hostMask : (value | hostMask) ^ hostMask);
  if (address === undefined) throw new Error(`unreachable: host bits lead out of ${family}`);
  return address;
}
