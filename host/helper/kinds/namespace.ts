/**
 * @module Which attachment holds which namespace: a mark, for which nothing is made. Its key is the namespace's cookie.
 */
import { isKernelError } from "../../kernel/error.ts";
import { openNetns } from "../../kernel/netns.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { Drift, OwnedKind } from "./kind.ts";

export const namespace: OwnedKind = {
  undo: () => undefined,
  compare: (_state, row) => compare(row),
  repair: undefined,
  objects: () => [],
};

function compare({ key, undo }: OwnedRow): readonly Drift[] {
  const { path } = undo;
  // Rows of earlier releases do not have it.
  if (typeof path !== "string") return [];
  const drift = { object: `network namespace ${path}`, wanted: "the one that the container was added with" };
  const cookie = cookieAt(path);
  if (cookie === undefined) return [{ ...drift, what: "missing", found: "there is no network namespace any more" }];
  return cookie === key ? [] : [{ ...drift, what: "foreign", found: "another one" }];
}

/** Gives the cookie of the namespace that a path leads to; `undefined`: to none. */
function cookieAt(path: string): string | undefined {
  try {
    using netns = openNetns(path);
    return netns.cookie.toString();
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}
