/**
 * @module Judgement of addresses: those that a guest answers against what the attachment may have, and those that it sends against those that it was
 * given. Pure.
 */

import {
  addressBits,
  ipEquals,
  isIpAddress,
  isIpPrefix,
  prefixContains,
  prefixEquals,
  readIpPrefix,
} from "../spec/ip.ts";
import type { IpAddress, IpPrefix } from "../spec/ip.ts";

/** Whatever cannot be in an address with a prefix length: it separates them in JSON, in CNI_ARGS, in lists. */
const SEPARATORS = /[^0-9A-Fa-f.:/]+/u;

/** What an attachment's addresses can come from. */
export interface AddressSources {
  /** Addresses with their prefix length that configuration, arguments and capability arguments name, subnets among them. */
  readonly named: readonly IpPrefix[];
  /** Addresses that are leased to the attachment. */
  readonly leased: readonly IpAddress[];
}

/** Lists the addresses with a prefix length that a text names, whatever it is. */
export function namedPrefixes(text: string): readonly IpPrefix[] {
  return text.split(SEPARATORS).flatMap((word) => readIpPrefix(word) ?? []);
}

/**
 * Tells whether an address that a plugin answers may be the attachment's: it is named as it is, or leased, and then in a subnet of that length
 * that is named. A plugin that answers another one would have what follows speak for somebody else's.
 */
export function isAccountedFor(answered: IpPrefix, { named, leased }: AddressSources): boolean {
  const { address, prefixLength } = answered;
  // What is named with length 0 is a route, and holds everything.
  if (prefixLength === 0) return false;
  if (named.some((each) => prefixEquals(each, answered))) return true;
  const isLeased = leased.some((each) => ipEquals(each, address));
  return isLeased && named.some((each) => each.prefixLength === prefixLength && prefixContains(each, address));
}

/** Tells whether a value is a list of addresses, each given to this call with that prefix length. */
export function areGiven(addresses: unknown, given: readonly IpPrefix[]): boolean {
  return everyPrefix(addresses, (address) => given.some((each) => prefixEquals(each, address)));
}

/**
 * Tells whether a value is a list of addresses, each of the network of one that was given, and of its prefix length. On a link with no other
 * machine than the container's an address may be alone, with the whole length of its family.
 */
export function areBesideGiven(
  addresses: unknown,
  given: readonly IpPrefix[],
  lengths: "given length" | "whole length too" = "given length",
): boolean {
  return everyPrefix(addresses, ({ address, prefixLength }) => {
    const isAlone = lengths === "whole length too" && prefixLength === addressBits(address.tag);
    return given.some((each) => (isAlone || each.prefixLength === prefixLength) && prefixContains(each, address));
  });
}

/** Tells whether a value is a list of addresses without prefixes, each given to this call. */
export function areGivenAddresses(addresses: unknown, given: readonly IpPrefix[]): boolean {
  const isGiven = (value: unknown): boolean =>
    isIpAddress(value) && given.some(({ address }) => ipEquals(address, value));
  return Array.isArray(addresses) && addresses.every(isGiven);
}

function everyPrefix(values: unknown, holds: (address: IpPrefix) => boolean): boolean {
  return Array.isArray(values) && values.every((value: unknown) => isIpPrefix(value) && holds(value));
}
