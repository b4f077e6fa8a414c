/**
 * @module A configuration as a schema sees it: keys match whatever their case and null is absent, as for Go; and the fields that no
 * schema knows. Pure.
 */

import { isJsonArray, isJsonObject } from "../../spec/json.ts";
import type { JsonObject, JsonValue } from "../../spec/json.ts";

/** Deepest place that is looked at. */
const DEPTH_MAX = 16;

/** Gives a value with the keys spelled as the schema spells them, and without what is null at them. */
export function alignTo(schema: JsonValue | undefined, value: JsonValue, depth = 0): JsonValue {
  if (!isJsonObject(schema) || depth > DEPTH_MAX) return value;
  if (isJsonArray(value)) return value.map((item) => alignTo(schema["items"], item, depth + 1));
  if (!isJsonObject(value)) return value;
  const properties = propertiesOf(schema) ?? {};
  const aligned: Record<string, JsonValue> = {};
  for (const [key, item] of Object.entries(value)) {
    const known = spellingOf(properties, key);
    if (known === undefined) aligned[key] = item;
    // Of several spellings the last one counts; a null one is as if it were not there.
    else if (item !== null) aligned[known] = alignTo(properties[known], item, depth + 1);
  }
  return aligned;
}

/**
 * Lists the fields that a schema does not know, as JSON pointers. A schema that names no fields, or says what others are, knows
 * them all.
 */
export function unknownFields(schema: JsonValue | undefined, value: JsonValue, at = "", depth = 0): readonly string[] {
  if (!isJsonObject(schema) || depth > DEPTH_MAX) return [];
  if (isJsonArray(value))
    return value.flatMap((item, index) => unknownFields(schema["items"], item, `${at}/${index}`, depth + 1));
  const properties = propertiesOf(schema);
  if (!isJsonObject(value) || properties === undefined || isOpen(schema)) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const pointer = `${at}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const known = spellingOf(properties, key);
    return known === undefined ? [pointer] : unknownFields(properties[known], item, pointer, depth + 1);
  });
}

function propertiesOf(schema: JsonObject): JsonObject | undefined {
  const { properties } = schema;
  return isJsonObject(properties) ? properties : undefined;
}

/** A schema that combines others, or says what further fields are. */
function isOpen(schema: JsonObject): boolean {
  return ["additionalProperties", "patternProperties", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "$ref"].some(
    (key) => Object.hasOwn(schema, key),
  );
}

function spellingOf(properties: JsonObject, key: string): string | undefined {
  if (Object.hasOwn(properties, key)) return key;
  return Object.keys(properties).find((name) => name.toLowerCase() === key.toLowerCase());
}
