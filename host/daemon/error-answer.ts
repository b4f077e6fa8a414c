/**
 * @module What is printed when a call fails. The shim loads it.
 */
import { CniError, isCniError } from "../spec/error.ts";
import type { WarmAnswer } from "./protocol.ts";

/** Version that an error is reported in when the configuration names none. */
const FALLBACK_CNI_VERSION = "1.1.0";

/**
 * Makes the answer: CNI's error object on stdout in the version of the configuration, exit code 1.
 * @param stderr what is printed beside it
 */
export function errorAnswer(error: unknown, configuration: string, stderr = ""): WarmAnswer {
  const known = isCniError(error)
    ? error
    : new CniError("helperFailed", "the host failed", { details: String(error), cause: error });
  return { exitCode: 1, stdout: `${JSON.stringify(known.toCniJson(readCniVersion(configuration)))}\n`, stderr };
}

/** Reads the version that an answer is to be in. Does not trust: the text may be anything. */
function readCniVersion(configuration: string): string {
  try {
    const value: unknown = JSON.parse(configuration);
    const version = typeof value === "object" && value !== null && "cniVersion" in value ? value.cniVersion : undefined;
    return typeof version === "string" && version !== "" ? version : FALLBACK_CNI_VERSION;
  } catch {
    return FALLBACK_CNI_VERSION;
  }
}
