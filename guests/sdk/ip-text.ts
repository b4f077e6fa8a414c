/**
 * @module Addresses as text: dotted quads, and RFC 4291 read and RFC 5952 written.
 */
import { type IpAddress, type IpPrefix, addressBits } from "./ip.ts";

/**
 * Reads an address; `undefined` when the text is none. Octets with a leading zero and zones (`%eth0`) are refused.
 * Does not trust: the text is an operator's or a runtime's.
 */
export function readAddress(text: string): IpAddress | undefined {
  return text.includes(":") ? readIpv6(text) : readIpv4(text);
}

/** Reads an address with the length of its prefix, such as `10.1.0.7/24`; host bits are kept. `undefined` when the text is none. */
export function readPrefix(text: string): IpPrefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = readAddress(text.slice(0, slash));
  const prefixLength = readDecimal(text.slice(slash + 1), 128);
  if (address === undefined || prefixLength === undefined) return undefined;
  return prefixLength > addressBits(address.tag) ? undefined : { address, prefixLength };
}

/** Writes an address, an IPv6 one as RFC 5952 has it. */
export function formatAddress(address: IpAddress): string {
  return address.tag === "ipv4" ? address.val.join(".") : formatIpv6(address.val);
}

/** Writes an address with the length of its prefix. */
export function formatPrefix(prefix: IpPrefix): string {
  return `${formatAddress(prefix.address)}/${prefix.prefixLength}`;
}

function readDecimal(text: string, maximum: number): number | undefined {
  const value = Number(text);
  // Only a number as it would be written: no sign, no leading zero, no space.
  return String(value) === text && Number.isInteger(value) && value >= 0 && value <= maximum ? value : undefined;
}

function readIpv4(text: string): IpAddress | undefined {
  const octets = text.split(".").map((part) => readDecimal(part, 255));
  const [a, b, c, d] = octets;
  if (octets.length !== 4 || a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  return { tag: "ipv4", val: [a, b, c, d] };
}

function readIpv6(text: string): IpAddress | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = readGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? readGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const [a, b, c, d, e, f, g, h] = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  if (e === undefined || f === undefined || g === undefined || h === undefined) return undefined;
  return { tag: "ipv6", val: [a, b, c, d, e, f, g, h] };
}

/** Groups between colons; the last may be a dotted quad where the address ends with it. */
function readGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const quad = isEnd && index === parts.length - 1 ? readIpv4(part) : undefined;
      if (quad?.tag !== "ipv4") return undefined;
      groups.push((quad.val[0] << 8) | quad.val[1], (quad.val[2] << 8) | quad.val[3]);
    } else {
      if (!/^[0-9a-f]{1,4}$/iu.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function formatIpv6(groups: readonly number[]): string {
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const hex = groups.map((group) => group.toString(16));
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** The first of the longest runs of zero groups. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
