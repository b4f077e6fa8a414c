/**
 * @module Addresses as the ledger keeps and counts them. IPv6 ranges may be huge: nothing here walks one.
 */
import { familyOf, ipFromBytes, ipToBytes } from "../../spec/ip.ts";
import type { IpAddress } from "../../spec/ip.ts";
import type { LeaseRange } from "./lease-records.ts";

/** 4 or 6, as stored. */
export type FamilyNumber = 4 | 6;

/** A range as numbers, both ends included. */
export interface NumberRange {
  readonly family: FamilyNumber;
  readonly first: bigint;
  readonly last: bigint;
}

/** Bytes of an address, by family. */
const ADDRESS_BYTES: Readonly<Record<FamilyNumber, number>> = { 4: 4, 6: 16 };

export function familyNumberOf(address: IpAddress): FamilyNumber {
  return familyOf(address) === "ipv4" ? 4 : 6;
}

/** The address as a number, most significant byte first. */
export function numberOf(address: IpAddress): bigint {
  return numberOfBytes(ipToBytes(address));
}

export function numberOfBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** 4 or 16 bytes, most significant first: SQLite compares them as the numbers compare. */
export function bytesOf(family: FamilyNumber, value: bigint): Uint8Array {
  const bytes = ADDRESS_BYTES[family];
  return Buffer.from(value.toString(16).padStart(bytes * 2, "0"), "hex");
}

export function addressOf(family: FamilyNumber, value: bigint): IpAddress {
  return ipFromBytes(bytesOf(family, value));
}

/** Ranges as numbers. One that mixes families or ends before it starts holds nothing and is left out. */
export function numberRangesOf(ranges: readonly LeaseRange[]): NumberRange[] {
  return ranges
    .filter(({ first, last }) => familyOf(first) === familyOf(last))
    .map(({ first, last }) => ({ family: familyNumberOf(first), first: numberOf(first), last: numberOf(last) }))
    .filter(({ first, last }) => first <= last);
}

/** Cuts ranges so that they start after a number and come round to it last. A number in none of them: the ranges as they are. */
export function rotated(ranges: readonly NumberRange[], family: FamilyNumber, after: bigint): NumberRange[] {
  const index = ranges.findIndex((range) => range.family === family && range.first <= after && after <= range.last);
  const range = ranges[index];
  if (range === undefined) return [...ranges];
  const head = after < range.last ? [{ ...range, first: after + 1n }] : [];
  return [...head, ...ranges.slice(index + 1), ...ranges.slice(0, index), { ...range, last: after }];
}
