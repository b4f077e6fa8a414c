/**
 * @module Imports whose failure is sometimes fine: DEL of what is gone already.
 */
import { type Attempt, attempt, must } from "./errors.ts";

/**
 * Calls an import that may fail in some ways. `undefined`: it failed with one of the `tolerated` cases. `what` completes "cannot …".
 * @throws {PluginFailure} as {@link must}, for every other case.
 */
export function tolerate<Value>(what: string, tolerated: readonly string[], operation: () => Value): Value | undefined {
  return must(what, () => {
    const got: Attempt<Value, string> = attempt(operation);
    if (got.ok) return got.value;
    if (tolerated.includes(got.error)) return undefined;
    throw { payload: got.error };
  });
}
