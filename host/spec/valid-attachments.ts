/**
 * @module The list of attachments that GC keeps, read from either spelling of its key.
 */

import { CniError } from "./error.ts";
import { isJsonArray, isJsonObject, readKey } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { parseContainerId, parseIfName } from "./names.ts";
import type { ContainerId, IfName } from "./names.ts";

/** The key of today. Source: CNI SPEC 1.1.0, section 2, "GC". */
export const VALID_ATTACHMENTS_KEY = "cni.dev/valid-attachments";
/** The key before libcni 1.2.3, which libcni still writes beside the other one. */
export const FORMER_VALID_ATTACHMENTS_KEY = "cni.dev/attachments";

/** An attachment that GC leaves alone, in the network that GC is for. */
export interface ValidAttachment {
  readonly containerId: ContainerId;
  readonly ifname: IfName;
}

/**
 * Reads the valid attachments of a GC request; where both keys are there, what either of them names is valid, so that nothing is
 * removed on a disagreement. `undefined`: neither key is there, or both are null, which does not mean "none is valid".
 * @throws {CniError} decodingFailure when a list or an entry has the wrong type; unknownContainer, invalidEnvironment as the names do.
 */
export function parseValidAttachments(object: JsonObject): readonly ValidAttachment[] | undefined {
  const lists = [VALID_ATTACHMENTS_KEY, FORMER_VALID_ATTACHMENTS_KEY].flatMap((key) => {
    const value = readKey(object, key);
    return value === undefined ? [] : [parseList(value, key)];
  });
  if (lists.length === 0) return undefined;
  return [...new Map(lists.flat().map((each) => [`${each.containerId}/${each.ifname}`, each])).values()];
}

/** Writes the list under both keys: a plugin reads one of them. */
export function formatValidAttachments(
  valid: readonly { readonly containerId: string; readonly ifname: string }[],
): JsonObject {
  const list = valid.map(({ containerId, ifname }) => ({ containerID: containerId, ifname }));
  return { [VALID_ATTACHMENTS_KEY]: list, [FORMER_VALID_ATTACHMENTS_KEY]: list };
}

function parseList(value: JsonValue, key: string): readonly ValidAttachment[] {
  if (!isJsonArray(value)) throw wrong(key, value);
  return value.map((entry) => {
    if (!isJsonObject(entry)) throw wrong(key, entry);
    return {
      containerId: parseContainerId(textOf(entry, "containerID", key)),
      ifname: parseIfName(textOf(entry, "ifname", key)),
    };
  });
}

function textOf(entry: JsonObject, name: string, key: string): string {
  const value = readKey(entry, name);
  if (typeof value === "string") return value;
  throw wrong(key, entry);
}

function wrong(key: string, value: JsonValue): CniError {
  return new CniError("decodingFailure", `${JSON.stringify(key)} is not a list of attachments`, {
    details: `want [{"containerID": …, "ifname": …}]; got ${JSON.stringify(value)}`,
  });
}
