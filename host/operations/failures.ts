/**
 * @module Failures of the verbs that go on after one, and report all.
 */

import type { EndedOperation } from "../helper/protocol.ts";
import { isCniError } from "../spec/error.ts";
import { endChain, withDetails } from "./ending.ts";
import type { OpenChain } from "./ending.ts";

/** Ends the verb; an error of that is one more failure. */
export async function endOrAdd(chain: OpenChain, failures: unknown[]): Promise<EndedOperation | undefined> {
  try {
    return await endChain(chain, failures.length === 0 ? "ok" : "error");
  } catch (error) {
    failures.push(error);
    return undefined;
  }
}

/** Says what stays on record, a line each. */
export function remainsOf(ended: { readonly failures: readonly string[] } | undefined): readonly string[] {
  return (ended?.failures ?? []).map((failure) => `not removed: ${failure}`);
}

/** Gives the first failure, with the others in its details. */
export function firstOf(failures: readonly unknown[], lines: readonly string[]): unknown {
  const [first, ...others] = failures;
  const also = others.map((error) => `also: ${error instanceof Error ? error.message : String(error)}`);
  return isCniError(first) ? withDetails(first, [...also, ...lines]) : first;
}
