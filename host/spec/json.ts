/**
 * @module JSON values of configurations: parsing, and reading keys as Go does, whatever their case. No dependency.
 */

import { CniError } from "./error.ts";

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Tells a JSON object from every other value. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells a JSON array from every other value. */
export function isJsonArray(value: unknown): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/**
 * Parses the text of one JSON object. `what` names it in the error.
 * @throws {CniError} decodingFailure when it is not JSON, or no object.
 */
export function parseJsonObject(text: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const details = cause instanceof Error ? cause.message : String(cause);
    throw new CniError("decodingFailure", `${what} is not JSON`, { details, cause });
  }
  if (isJsonObject(value)) return value;
  throw new CniError("decodingFailure", `${what} is not a JSON object`);
}

/**
 * Reads a key, whatever its case; of several spellings the last one counts. `undefined`: absent or null, which are the same to Go.
 * Source: Go encoding/json, `Unmarshal`.
 */
export function readKey(object: JsonObject, key: string): JsonValue | undefined {
  const wanted = key.toLowerCase();
  let found: JsonValue | undefined;
  for (const [name, value] of Object.entries(object)) {
    if (name.toLowerCase() === wanted) found = value;
  }
  return found ?? undefined;
}

/** Gives the object without some keys, whatever their case. */
export function withoutKeys(object: JsonObject, keys: readonly string[]): JsonObject {
  const dropped = new Set(keys.map((key) => key.toLowerCase()));
  return Object.fromEntries(Object.entries(object).filter(([name]) => !dropped.has(name.toLowerCase())));
}

/**
 * Reads every value that a pointer names: JSON Pointer, but keys match whatever their case and `*` is every element of an array.
 * Empty: none. Source: RFC 6901.
 */
export function readPointer(value: JsonValue, pointer: string): readonly JsonValue[] {
  if (pointer === "") return [value];
  const keys = pointer.slice(1).split("/");
  let values: readonly JsonValue[] = [value];
  for (const key of keys)
    values = values.flatMap((each) => step(each, key.replaceAll("~1", "/").replaceAll("~0", "~")));
  return values;
}

function step(value: JsonValue, key: string): readonly JsonValue[] {
  if (isJsonArray(value)) {
    if (key === "*") return value;
    const element = /^(?:0|[1-9][0-9]*)$/u.test(key) ? value[Number(key)] : undefined;
    return element === undefined ? [] : [element];
  }
  if (!isJsonObject(value)) return [];
  const found = readKey(value, key);
  return found === undefined ? [] : [found];
}
