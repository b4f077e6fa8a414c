/**
 * @module The text of a result, as cnitool prints one: scripts that compare texts see no difference.
 */
import { isJsonArray, isJsonObject } from "../spec/json.ts";
import type { JsonObject, JsonValue } from "../spec/json.ts";
import { isAtLeast } from "../spec/version.ts";

const INDENT_SPACES = 4;
/** Since this version keys are in alphabetical order and an empty `dns` is left out; before, `dns` is always there. */
const SORTED_SINCE = "1.0.0";
/** Characters that Go escapes and JavaScript does not. Source: Go's `encoding/json`, `HTMLEscape`. */
const ESCAPED = /[<>&\u2028\u2029]/gu;

/** Writes a result without a final newline. Source: libcni v1.3.1, `pkg/types/*`, `PrintTo`. */
export function writeResultText(result: JsonObject): string {
  const version = result["cniVersion"];
  const isSorted = typeof version === "string" && isAtLeast(version, SORTED_SINCE);
  const printed = isSorted ? sortKeys(result) : withDns(result);
  return JSON.stringify(printed, undefined, INDENT_SPACES).replaceAll(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function withDns({ dns = {}, ...rest }: JsonObject): JsonObject {
  return { ...rest, dns };
}

function sortKeys(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sortKeys);
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).toSorted();
  return Object.fromEntries(keys.map((key) => [key, sortKeys(value[key] ?? null)]));
}
