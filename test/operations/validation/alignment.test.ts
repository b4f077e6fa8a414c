import { describe, expect, test } from "vitest";
import { alignTo, unknownFields } from "../../../host/operations/validation/alignment.ts";

const SCHEMA = {
  properties: {
    bridge: { type: "string" },
    ipam: { properties: { ranges: { items: { items: { properties: { subnet: {} } } } } } },
    sysctl: { additionalProperties: { type: "string" }, properties: {} },
  },
};

describe("alignTo", () => {
  test.for([
    {
      title: "spells keys as the schema does",
      value: { BRIDGE: "b", IPAM: { Ranges: [] } },
      want: { bridge: "b", ipam: { ranges: [] } },
    },
    {
      title: "goes into arrays",
      value: { ipam: { ranges: [[{ Subnet: "x" }]] } },
      want: { ipam: { ranges: [[{ subnet: "x" }]] } },
    },
    { title: "leaves null out, which is absent", value: { bridge: null }, want: {} },
    {
      title: "takes the last of several spellings",
      value: { Bridge: "a", bridge: "b", BRIDGE: null },
      want: { bridge: "b" },
    },
    { title: "keeps what the schema does not know", value: { Vendor: { A: null } }, want: { Vendor: { A: null } } },
    { title: "keeps what is of another type", value: { ipam: "x" }, want: { ipam: "x" } },
  ])("$title", ({ value, want }) => {
    expect(alignTo(SCHEMA, value)).toEqual(want);
  });
});

describe("unknownFields", () => {
  test.for([
    { title: "none, whatever the case", value: { BRIDGE: "b", ipam: { ranges: [[{ SUBNET: "x" }]] } }, want: [] },
    { title: "at the top", value: { brigde: "b" }, want: ["/brigde"] },
    {
      title: "deep inside",
      value: { ipam: { ranges: [[{ subnet: "x" }, { sbunet: "y" }]] } },
      want: ["/ipam/ranges/0/1/sbunet"],
    },
    { title: "none where the schema says what others are", value: { sysctl: { "net.ipv4.x": "1" } }, want: [] },
    { title: "with their slashes escaped", value: { "a/b": 1 }, want: ["/a~1b"] },
  ])("$title", ({ value, want }) => {
    expect(unknownFields(SCHEMA, value)).toEqual(want);
  });

  test("a schema without fields knows them all", () => {
    expect(unknownFields({ type: "object" }, { a: 1 })).toEqual([]);
    expect(unknownFields(undefined, { a: 1 })).toEqual([]);
  });
});
