/**
 * @module How the commands that cnitool has report errors: CNI's error object on stdout and exit code 1, as a script expects it.
 */
import { CniError, isCniError } from "../spec/error.ts";
import type { CommandContext } from "./context.ts";

/** Version of an error object while the configuration's is not known. */
const FALLBACK_CNI_VERSION = "1.1.0";

/** Runs a command. `useVersion` says which version the error object is to have, from then on. Never rejects. */
export async function reportingErrors(
  context: CommandContext,
  body: (useVersion: (cniVersion: string) => void) => Promise<void>,
): Promise<void> {
  let cniVersion = FALLBACK_CNI_VERSION;
  try {
    await body((version) => {
      cniVersion = version;
    });
  } catch (error) {
    const known = isCniError(error)
      ? error
      : new CniError("helperFailed", "the host failed", { details: String(error), cause: error });
    context.print(JSON.stringify(known.toCniJson(cniVersion), undefined, 4));
    context.exitWith(1);
  }
}
