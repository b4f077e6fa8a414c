/**
 * @module Versions of the CNI specification.
 */

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
  const part = (index: number): number => Number.parseInt(version.split(".")[index] ?? "0", 10) || 0;
  return [part(0), part(1), part(2)];
}
