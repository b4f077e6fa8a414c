import { describe, expect, test } from "vitest";
import { parseJsonObject, readKey, readPointer, withoutKeys } from "../../host/spec/json.ts";

test.for(["", "{", "[]", "null", '"x"', "1"])("parseJsonObject refuses %j with code 6", (text) => {
  expect(() => parseJsonObject(text, "it")).toThrow(expect.objectContaining({ kind: "decodingFailure", code: 6 }));
});

describe("readKey", () => {
  test("matches whatever the case, the last one counts", () => {
    expect(readKey({ Bridge: "a", BRIDGE: "b" }, "bridge")).toBe("b");
  });

  test("null is absent", () => {
    expect(readKey({ ipam: null }, "ipam")).toBeUndefined();
  });

  test("knows no name that is on every object", () => {
    expect(readKey({}, "toString")).toBeUndefined();
    expect(readKey({}, "__proto__")).toBeUndefined();
  });
});

test("withoutKeys keeps a field named __proto__ a field", () => {
  const kept = withoutKeys(parseJsonObject('{"__proto__":{"x":1},"A":1}', "it"), ["a"]);
  expect(JSON.stringify(kept)).toBe('{"__proto__":{"x":1}}');
});

describe("readPointer", () => {
  const value = { ipam: { Ranges: [[{ subnet: "a" }, { subnet: "b" }], [{ subnet: "c" }]] }, "x/y": 1 };

  test.for([
    ["/ipam/ranges/*/*/subnet", ["a", "b", "c"]],
    ["/ipam/ranges/0/1/subnet", ["b"]],
    ["/ipam/ranges/*/subnet", []],
    ["/ipam/ranges/00/0/subnet", []],
    ["/x~1y", [1]],
    ["/none", []],
    ["/ipam/ranges/length", []],
  ] as const)("%s gives %j", ([pointer, found]) => {
    expect(readPointer(value, pointer)).toEqual(found);
  });
});
