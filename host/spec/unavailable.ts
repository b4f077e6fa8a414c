/**
 * @module Errors as STATUS reports them. No dependency but the error's, so that the shim can load it.
 */

import { CniError, isCniError } from "./error.ts";
import type { CniErrorKind } from "./error.ts";

/** What keeps ADD from being served whatever is configured. */
const UNAVAILABLE: readonly CniErrorKind[] = [
  "unknownPlugin",
  "notPermitted",
  "guestFailed",
  "limitExceeded",
  "componentRejected",
  "helperFailed",
  "stateUnusable",
  "missingFeature",
];

/**
 * Gives an error as STATUS reports it: what it says stays, and the code says that ADD cannot be served. What may pass, what is wrong
 * with the request, and a plugin's own code stay as they are. Source: CNI SPEC 1.1.0, section 2, "STATUS".
 */
export function asUnavailable(error: unknown): unknown {
  if (!isCniError(error) || !UNAVAILABLE.includes(error.kind)) return error;
  const { message, details } = error;
  return new CniError("pluginUnavailable", message, { cause: error, ...(details === undefined ? {} : { details }) });
}
