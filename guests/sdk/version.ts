/**
 * @module Versions of the CNI specification.
 */
import { CODES, fail } from "./errors.ts";
import type { IpFamily } from "./ip.ts";

/** First version of the specification whose result has a list of addresses. */
const FIRST_VERSION_WITH_LISTS = "0.3.0";

/**
 * Checks that a result of this version has room for addresses of these families.
 * @throws {PluginFailure} code 7 when there are two of a family and the version knows no lists.
 */
export function checkRoomForAddresses(cniVersion: string, families: readonly IpFamily[]): void {
  const twice = families.find((family, index) => families.indexOf(family) !== index);
  if (twice === undefined || !isOlderThan(cniVersion, FIRST_VERSION_WITH_LISTS)) return;
  fail(CODES.invalidNetworkConfig, `CNI version ${cniVersion} has no room for more than one ${twice} address`);
}

/** Tells whether a version is older than another; a part that is missing or no number is 0. */
export function isOlderThan(version: string, other: string): boolean {
  const [left, right] = [partsOf(version), partsOf(other)];
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function partsOf(version: string): [number, number, number] {
  const parts = version.split(".");
  const part = (index: number): number => Number.parseInt(parts[index] ?? "0", 10) || 0;
  return [part(0), part(1), part(2)];
}
