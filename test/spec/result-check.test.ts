import fc from "fast-check";
import { expect, test } from "vitest";
import { danglingInterfaceIndex, readAddressResult, readAttachmentResult } from "../../host/spec/result-check.ts";
import { anyResult } from "./arbitraries.ts";

test("any result that went over a channel is read", () => {
  fc.assert(
    fc.property(anyResult, (result) => {
      expect(readAttachmentResult(JSON.parse(JSON.stringify(result)))).toEqual(result);
    }),
  );
});

test("fields that a record does not have are dropped", () => {
  const value = { interfaces: [], ips: [], routes: [], evil: 1 };
  expect(readAttachmentResult(value)).not.toHaveProperty("evil");
  expect(readAddressResult(value)).not.toHaveProperty("interfaces");
});

const ADDRESS = { tag: "ipv4", val: [10, 1, 0, 7] };

test.for([
  ["undefined", undefined],
  ["null", null],
  ["a text", "x"],
  ["a list", []],
  ["nothing in it", {}],
  ["a list that is none", { interfaces: {}, ips: [], routes: [] }],
  ["a list that pretends", { interfaces: { length: 1 }, ips: [], routes: [] }],
  ["an address as text", { interfaces: [], ips: [{ address: "10.1.0.7/24" }], routes: [] }],
  [
    "a prefix length out of range",
    { interfaces: [], ips: [{ address: { address: ADDRESS, prefixLength: 33 } }], routes: [] },
  ],
  [
    "a negative index",
    { interfaces: [], ips: [{ address: { address: ADDRESS, prefixLength: 24 }, interfaceIndex: -1 }], routes: [] },
  ],
  ["a link without a name", { interfaces: [{}], ips: [], routes: [] }],
  ["a name that is no text", { interfaces: [{ name: 1 }], ips: [], routes: [] }],
  ["dns that is none", { interfaces: [], ips: [], routes: [], dns: { nameservers: "1.1.1.1" } }],
] as const)("%s is no result", ([, value]) => {
  expect(readAttachmentResult(value)).toBeUndefined();
});

test("an address of an interface that is not there is found", () => {
  const ip = { address: { address: ADDRESS, prefixLength: 24 }, interfaceIndex: 1 };
  const result = readAttachmentResult({ interfaces: [{ name: "eth0" }], ips: [ip], routes: [] });
  expect(result && danglingInterfaceIndex(result)).toBe(1);
});
