/**
 * @module Scopes that name routing tables: by number, by a range of numbers, or as the network's configuration does. Pure.
 */

import * as z from "zod";
import { readPointer } from "../spec/json.ts";
import type { CallFacts } from "./facts.ts";
import { pointer } from "./references.ts";

/** The main routing table. Source: RT_TABLE_MAIN, linux/rtnetlink.h. */
export const MAIN_TABLE = 254;
/** The tables that the kernel keeps itself: default, main, local. A range leaves them out. Source: RT_TABLE_*, linux/rtnetlink.h. */
const FIRST_RESERVED = 253;
const LAST_RESERVED = 255;
/** The table of the kernel's own addresses: `any` and configurations leave it out. Source: RT_TABLE_LOCAL, linux/rtnetlink.h. */
export const LOCAL_TABLE = 255;

/** What is no table: it means any of them where a rule is deleted. Source: RT_TABLE_UNSPEC, linux/rtnetlink.h. */
const ANY_TABLE = 0;

const number = z.int().min(1).max(0xffff_ffff);

/** A table: its number; every one from `first` to `last` but the kernel's own; or what the configuration says at a JSON pointer. */
export const tableReference = z.union([
  number,
  z.strictObject({ first: number, last: number }).refine(({ first, last }) => first <= last, "want first ≤ last"),
  z.strictObject({ configuration: pointer }),
]);
export type TableReference = z.output<typeof tableReference>;

/** Gives the number of a table as an operation has it; absent and 0 are the main one to the kernel. */
export function tableNumber(table: unknown): unknown {
  return table === undefined || table === 0 ? MAIN_TABLE : table;
}

/** Tells whether a value that a guest sent is the number of one of the tables. */
export function tablesInclude(references: readonly TableReference[], facts: CallFacts, table: unknown): boolean {
  if (typeof table !== "number") return false;
  return references.some((reference) => {
    if (typeof reference === "number") return reference === table;
    if ("first" in reference) return isInRange(reference, table);
    return (
      table !== LOCAL_TABLE &&
      table !== ANY_TABLE &&
      readPointer(facts.configuration, reference.configuration)[0] === table
    );
  });
}

/** Tells whether every table of `narrower` is one of `wider`, whatever the call. */
export function tablesCover(wider: readonly TableReference[], narrower: readonly TableReference[]): boolean {
  return narrower.every((inner) => wider.some((outer) => tableCovers(outer, inner)));
}

/** Says which tables are meant, for the operator. */
export function describeTables(references: readonly TableReference[]): string {
  return references.length === 0 ? "none" : references.map(describeTable).join(", ");
}

function isInRange({ first, last }: { readonly first: number; readonly last: number }, table: number): boolean {
  return table >= first && table <= last && (table < FIRST_RESERVED || table > LAST_RESERVED);
}

function tableCovers(outer: TableReference, inner: TableReference): boolean {
  if (typeof inner === "number") {
    if (typeof outer === "number") return outer === inner;
    return "first" in outer && isInRange(outer, inner);
  }
  if (typeof outer === "number") return false;
  if ("first" in inner) return "first" in outer && outer.first <= inner.first && inner.last <= outer.last;
  return "configuration" in outer && outer.configuration === inner.configuration;
}

function describeTable(reference: TableReference): string {
  if (typeof reference === "number")
    return reference === MAIN_TABLE ? `${MAIN_TABLE} (the main one)` : String(reference);
  if ("first" in reference) {
    const { first, last } = reference;
    const isAround = first <= LAST_RESERVED && last >= FIRST_RESERVED;
    return `${first} to ${last}${isAround ? ` without ${FIRST_RESERVED} to ${LAST_RESERVED}` : ""}`;
  }
  return `what the network's configuration names at ${reference.configuration}`;
}
