import fc from "fast-check";
import { expect, test } from "vitest";
import { duplicateKeys } from "../../host/spec/duplicate-keys.ts";

test.for([
  { title: "none", text: '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', want: [] },
  { title: "the same key", text: '{"a":1,"b":2,"a":3}', want: [["/a", ["a", "a"]]] },
  { title: "another case", text: '{"Name":"x","name":"y","NAME":"z"}', want: [["/Name", ["Name", "name", "NAME"]]] },
  { title: "inside objects and arrays", text: '{"p":[{},{"x":{"a":1,"A":2}}]}', want: [["/p/1/x/a", ["a", "A"]]] },
  { title: "brackets and quotes inside texts", text: String.raw`{"a":"{\"b\":1,\"b\":2,[}","c":"\\"}`, want: [] },
  { title: "an escaped spelling", text: String.raw`{"a":1,"\u0061":2}`, want: [["/a", ["a", "a"]]] },
  { title: "a text as a value that is also a key", text: '{"a":"a","b":["a","a"]}', want: [] },
  { title: "a slash in a key", text: '{"a/b":1,"a/b":2}', want: [["/a~1b", ["a/b", "a/b"]]] },
])("finds $title", ({ text, want }) => {
  expect(duplicateKeys(text).map(({ pointer, spellings }) => [pointer, spellings])).toEqual(want);
});

test("finds none in what was an object, but for those that differ in case", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const { spellings } of duplicateKeys(JSON.stringify(value)))
        expect(new Set(spellings).size).toBe(spellings.length);
    }),
  );
});

test("takes a long text", () => {
  expect(duplicateKeys(JSON.stringify({ a: "\\".repeat(1_000_000) }))).toEqual([]);
});
