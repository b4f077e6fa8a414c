/**
 * @module Reading and writing the fields of results, tolerantly: keys match whatever their case, `""` and null are "not given".
 */

import { CniError } from "./error.ts";
import { isJsonArray, isJsonObject, readKey, withoutKeys } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** Keeps the fields that are not known; `undefined`: there are none. */
export function extensionsOf(object: JsonObject, known: readonly string[]): string | undefined {
  const rest = withoutKeys(object, known);
  return Object.keys(rest).length === 0 ? undefined : JSON.stringify(rest);
}

/** Reads extensions back. Does not trust: what is no JSON object is left out, and no known key is overwritten. */
export function parseExtensions(text: string | undefined, known: readonly string[]): JsonObject {
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? withoutKeys(value, known) : {};
  } catch {
    return {};
  }
}

/** Leaves out the fields that are `undefined`. */
export function compact(object: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}

/** Gives a list, `undefined` when it is empty. */
export function listOf<T extends JsonValue>(items: readonly T[]): readonly T[] | undefined {
  return items.length === 0 ? undefined : items;
}

/** Reads a list; not given is empty. @throws {CniError} decodingFailure when it is none; so do all below. */
export function itemsOf(object: JsonObject, key: string): readonly JsonValue[] {
  const value = readKey(object, key);
  if (value === undefined) return [];
  if (isJsonArray(value)) return value;
  throw wrong(key, value, "an array");
}

/** Takes a value as an object. */
export function objectOf(value: JsonValue, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw wrong(name, value, "an object");
}

/** Reads a text; `""` is Go's "not given". */
export function textOf(object: JsonObject, key: string): string | undefined {
  const value = readKey(object, key);
  if (value === undefined || value === "") return undefined;
  if (typeof value === "string") return value;
  throw wrong(key, value, "a string");
}

/** Reads a whole number of 32 bits; 0 is not "not given". */
export function countOf(object: JsonObject, key: string): number | undefined {
  const value = readKey(object, key);
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw wrong(key, value, "a whole number of 32 bits");
}

/** Reads a text with a form of its own, where it is given. */
export function optional<T>(object: JsonObject, key: string, read: (text: string) => T | undefined): T | undefined {
  const text = textOf(object, key);
  return text === undefined ? undefined : required(object, key, read);
}

/** Reads a text with a form of its own, which has to be there. */
export function required<T>(object: JsonObject, key: string, read: (text: string) => T | undefined): T {
  const text = textOf(object, key);
  const value = text === undefined ? undefined : read(text);
  if (value === undefined) throw wrong(key, text, "an address");
  return value;
}

/** Gives the error for a field. */
export function wrong(name: string, value: unknown, want: string): CniError {
  return new CniError("decodingFailure", `the result's ${JSON.stringify(name)} is not ${want}`, {
    details: `got ${JSON.stringify(value)}`,
  });
}
