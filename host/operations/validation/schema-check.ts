/**
 * @module Checks a value against a JSON Schema. A bundle of its own, loaded when something is validated: no call pays for it.
 *
 * Does not trust: the schema is a plugin's author's. It may be none, may not end, and may have expressions that take for ever.
 */

import { Script, createContext } from "node:vm";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ErrorObject } from "ajv/dist/2020.js";
import type { JsonObject, JsonValue } from "../../spec/json.ts";

/** How long a schema may take, in milliseconds. */
export const SCHEMA_DEADLINE_MS = 2_000;
/** Most violations that are told of one value. */
const VIOLATIONS_MAX = 32;

/** One thing that a schema forbids. */
export interface Violation {
  /** Where: a JSON pointer; `""`: the value itself. */
  readonly pointer: string;
  readonly message: string;
}

/** What a check came to. */
export type SchemaOutcome =
  | { readonly violations: readonly Violation[] }
  /** The schema itself is of no use. */
  | { readonly unusable: string };

/** Checks a value against a schema of draft 2020-12. Formats are not looked at; nothing is fetched. Never throws. */
export function checkSchema(schema: JsonObject, value: JsonValue): SchemaOutcome {
  try {
    const errors = withinDeadline(() => errorsOf(schema, value));
    // One that says no more than that another one in it is violated.
    const telling = errors.filter(({ keyword }) => keyword !== "if");
    return { violations: telling.slice(0, VIOLATIONS_MAX).map(violationOf) };
  } catch (error) {
    return { unusable: error instanceof Error ? error.message : String(error) };
  }
}

function errorsOf(schema: JsonObject, value: JsonValue): readonly ErrorObject[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false });
  const validate = ajv.compile(schema);
  return validate(value) === true ? [] : (validate.errors ?? []);
}

/** Runs something that may not end: the engine ends it, in an expression too. */
function withinDeadline<T>(body: () => T): T {
  const context = createContext({ body });
  return new Script("body()").runInContext(context, { timeout: SCHEMA_DEADLINE_MS }) as T;
}

function violationOf({ instancePath, keyword, params, message = "is not allowed" }: ErrorObject): Violation {
  const more = keyword === "enum" ? `: ${JSON.stringify(params["allowedValues"])}` : "";
  const which = keyword === "additionalProperties" ? `: ${JSON.stringify(params["additionalProperty"])}` : "";
  return { pointer: instancePath, message: `${message}${more}${which}` };
}
