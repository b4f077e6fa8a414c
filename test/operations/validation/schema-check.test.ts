import { expect, test } from "vitest";
import { checkSchema } from "../../../host/operations/validation/schema-check.ts";
import type { JsonObject, JsonValue } from "../../../host/spec/json.ts";

test.for<{ title: string; schema: JsonObject; value: JsonValue; want: unknown }>([
  { title: "nothing against an empty schema", schema: {}, value: { a: 1 }, want: { violations: [] } },
  {
    title: "the place of a violation",
    schema: { properties: { a: { properties: { b: { type: "integer" } } } } },
    value: { a: { b: "x" } },
    want: { violations: [{ pointer: "/a/b", message: "must be integer" }] },
  },
  {
    title: "all violations",
    schema: { required: ["a"], properties: { b: { enum: [1, 2] } } },
    value: { b: 3 },
    want: {
      violations: [
        { pointer: "", message: "must have required property 'a'" },
        { pointer: "/b", message: "must be equal to one of the allowed values: [1,2]" },
      ],
    },
  },
  {
    title: "which field is one too many",
    schema: { properties: { a: {} }, additionalProperties: false },
    value: { a: 1, b: 2 },
    want: { violations: [{ pointer: "", message: 'must NOT have additional properties: "b"' }] },
  },
  {
    title: "prefixItems, which 2020-12 has",
    schema: { $schema: "https://json-schema.org/draft/2020-12/schema", prefixItems: [{ type: "string" }] },
    value: [1],
    want: { violations: [{ pointer: "/0", message: "must be string" }] },
  },
])("says $title", ({ schema, value, want }) => {
  expect(checkSchema(schema, value)).toEqual(want);
});

test.for<{ title: string; schema: JsonObject; value?: JsonValue }>([
  { title: "is none", schema: { type: "nonsense" } },
  { title: "refers to another document", schema: { $ref: "https://example.com/schema" } },
  { title: "is of a draft that is not known", schema: { $schema: "http://json-schema.org/draft-04/schema#" } },
  { title: "has an expression that is none", schema: { pattern: "(" } },
  { title: "has an expression that takes for ever", schema: { pattern: "^(a+)+$" }, value: `${"a".repeat(64)}!` },
  { title: "does not end", schema: { $ref: "#" } },
  { title: "asks for code", schema: { $async: true, $ref: '#/x"]; process.exit(1); //' } },
])("a schema that $title is of no use, and does no harm", ({ schema, value = {} }) => {
  expect(checkSchema(schema, value)).toEqual({ unusable: expect.any(String) });
});

test("a long list of violations is cut", () => {
  const outcome = checkSchema(
    { items: { type: "string" } },
    Array.from({ length: 1000 }, () => 1),
  );
  expect("violations" in outcome ? outcome.violations : []).toHaveLength(32);
});
