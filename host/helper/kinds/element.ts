/**
 * @module Comparing one element of the packet filter with what the ledger says of it.
 */
import type { Drift } from "./kind.ts";

/** What the ledger says. */
interface Wanted extends Pick<Drift, "object" | "wanted"> {
  readonly tag: string;
}

/** Compares an element; `undefined`: it is not there. */
export function compareElement(
  found: { readonly tag: string | undefined } | undefined,
  { tag, object, wanted }: Wanted,
): readonly Drift[] {
  if (found === undefined) return [{ what: "missing", object, wanted, found: "none" }];
  if (found.tag === tag) return [];
  const whose = found.tag === undefined ? "one that Cnidaria did not make" : "that of another attachment";
  return [{ what: "foreign", object, wanted, found: whose }];
}
