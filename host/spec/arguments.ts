/**
 * @module CNI_ARGS. No dependency, so that the shim can load it.
 */

import { CniError } from "./error.ts";

/** Pairs of CNI_ARGS, in order. */
export type CniArguments = readonly (readonly [name: string, value: string])[];

/**
 * Parses `K=V;K2=V2`. An empty text has no pairs.
 * Source: CNI SPEC 1.1.0, section 2, "Parameters"; libcni `pkg/types/args.go`.
 * @throws {CniError} invalidEnvironment when a pair, also one after a trailing ";", has not exactly one "=".
 */
export function parseCniArguments(text: string): CniArguments {
  if (text === "") return [];
  return text.split(";").map((pair) => {
    const [name, value, ...rest] = pair.split("=");
    if (name === undefined || value === undefined || rest.length > 0) {
      throw new CniError("invalidEnvironment", `CNI_ARGS: invalid pair ${JSON.stringify(pair)}`, {
        details: `want pairs like IP=10.1.0.7, separated by ";", each with exactly one "="`,
      });
    }
    return [name, value] as const;
  });
}
