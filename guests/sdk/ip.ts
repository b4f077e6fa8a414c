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

/** Orders addresses: IPv4 before IPv6, then by value. Negative when `a` is first, 0 when they are equal. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  if (a.tag !== b.tag) return a.tag === "ipv4" ? -1 : 1;
  for (let index = 0; index < a.val.length; index++) {
    const difference = groupAt(a, index) - groupAt(b, index);
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
  return stepped(address, 1);
}

/** Gives the address before this one; `undefined` before the family's first. */
export function previousAddress(address: IpAddress): IpAddress | undefined {
  return stepped(address, -1);
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
  return (prefix.address.val as readonly number[]).some((group, index) => (group & hostMask(prefix, index)) !== 0);
}

/** Tells whether the network that a prefix names contains an address. The other family's addresses are in no network. */
export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  if (prefix.address.tag !== address.tag) return false;
  for (let index = 0; index < address.val.length; index++) {
    const difference = groupAt(prefix.address, index) ^ groupAt(address, index);
    if ((difference & ~hostMask(prefix, index)) !== 0) return false;
  }
  return true;
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
  const { tag, val } = prefix.address;
  const groups = (val as readonly number[]).map((group, index) => {
    const mask = hostMask(prefix, index);
    return ones ? group | mask : group & ~mask;
  });
  return { tag, val: groups } as IpAddress;
}

/** Ones where a group has host bits. */
function hostMask({ address, prefixLength }: IpPrefix, index: number): number {
  const bits = groupBits(address);
  return (1 << Math.min(Math.max((index + 1) * bits - prefixLength, 0), bits)) - 1;
}

/** Gives the address that is one further, or one before; `undefined` beyond the family's last or first. */
function stepped(address: IpAddress, step: 1 | -1): IpAddress | undefined {
  const groups = [...address.val];
  const maximum = 2 ** groupBits(address) - 1;
  // The last group changes; when it leaves its bounds it begins anew, and the one before it changes, too.
  for (let index = groups.length - 1; index >= 0; index--) {
    const group = groupAt(address, index) + step;
    if (group >= 0 && group <= maximum) {
      groups[index] = group;
      return { tag: address.tag, val: groups } as IpAddress;
    }
    groups[index] = step > 0 ? 0 : maximum;
  }
  return undefined;
}

function groupBits(address: IpAddress): number {
  return address.tag === "ipv4" ? 8 : 16;
}

function groupAt(address: IpAddress, index: number): number {
  return address.val[index] ?? 0;
}
