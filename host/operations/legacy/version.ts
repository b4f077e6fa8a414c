/**
 * @module VERSION of a legacy executable: what it says itself.
 */

import { CniError, isCniError } from "../../spec/error.ts";
import { isJsonArray, readKey } from "../../spec/json.ts";
import type { JsonObject } from "../../spec/json.ts";
import type { Answerer } from "./answer.ts";
import { callLegacy } from "./call.ts";
import type { LegacyContext } from "./call.ts";

/** What the variables have that VERSION does not need, and some executables ask for. Source: libcni `pkg/invoke/exec.go`. */
const DUMMY = { containerId: "dummy", netns: "dummy", ifname: "dummy" } as const;

/**
 * Asks an executable which versions of the specification it speaks. One that does not know the verb speaks 0.1.0.
 * Source: CNI SPEC 0.2.0 and 1.1.0, "VERSION"; libcni `pkg/version/plugin.go`.
 * @throws {CniError} guestFailed when the answer is none; as `callLegacy` does.
 */
export async function askLegacyVersions(
  { backend, invocation }: LegacyContext,
  type: string,
  cniVersion: string,
): Promise<readonly string[]> {
  const context = { backend, invocation: { ...invocation, ...DUMMY, args: [] } };
  try {
    return await callLegacy(context, { type, verb: "VERSION", stdin: { cniVersion }, read: readVersions });
  } catch (error) {
    if (isCniError(error) && error.message === "unknown CNI_COMMAND: VERSION") return ["0.1.0"];
    throw error;
  }
}

function readVersions(answer: JsonObject, { who }: Answerer): readonly string[] {
  const supported = readKey(answer, "supportedVersions");
  if (supported === undefined && readKey(answer, "cniVersion") === "0.2.0") return ["0.1.0", "0.2.0"];
  if (isJsonArray(supported) && supported.length > 0) {
    const texts = supported.filter((version) => typeof version === "string");
    if (texts.length === supported.length) return texts;
  }
  throw new CniError("guestFailed", `${who} answered no versions`, { details: `got ${JSON.stringify(answer)}` });
}
