/**
 * @module Judgement of addresses that a guest sends against those that it was given. Pure.
 */

import { addressBits, ipEquals, isIpAddress, isIpPrefix, prefixContains, prefixEquals } from "../spec/ip.ts";
import type { IpPrefix } from "../spec/ip.ts";

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
