import { describe, expect, test } from "vitest";

import { readConditions, type ConditionsSource } from "../../guests/portmap/conditions.ts";

const V4: ConditionsSource = { option: "conditionsV4", family: "ipv4" };
const V6: ConditionsSource = { option: "conditionsV6", family: "ipv6" };
const NONE = { sources: [], excludedSources: [], destinations: [], excludedDestinations: [] };
const v4 = (val: readonly number[], prefixLength = 32) => ({ address: { tag: "ipv4", val }, prefixLength });

test("no words are no conditions", () => {
  expect(readConditions([], V4)).toBeUndefined();
});

test.for([
  { words: ["-i", "eth0"], says: { incomingLink: "eth0" } },
  { words: ["!", "--in-interface", "eth0"], says: { excludedLink: "eth0" } },
  { words: ["-s", "1.2.3.4/24"], says: { sources: [v4([1, 2, 3, 4], 24)] } },
  { words: ["--source", "1.2.3.4,5.6.7.8/8"], says: { sources: [v4([1, 2, 3, 4]), v4([5, 6, 7, 8], 8)] } },
  {
    words: ["!", "-s", "1.2.3.4", "!", "-s", "1.2.3.5"],
    says: { excludedSources: [v4([1, 2, 3, 4]), v4([1, 2, 3, 5])] },
  },
  { words: ["-d", "1.2.3.4"], says: { destinations: [v4([1, 2, 3, 4])] } },
  { words: ["!", "--dst", "1.2.3.4"], says: { excludedDestinations: [v4([1, 2, 3, 4])] } },
  {
    words: ["!", "-d", "192.0.2.1", "-i", "eth0", "--src", "10.0.0.0/8"],
    says: { incomingLink: "eth0", sources: [v4([10, 0, 0, 0], 8)], excludedDestinations: [v4([192, 0, 2, 1])] },
  },
])("$words become data", ({ words, says }) => {
  expect(readConditions(words, V4)).toEqual({ ...NONE, ...says });
});

test("IPv6 addresses are conditions of IPv6 ports", () => {
  expect(readConditions(["-s", "2001:db8::/32"], V6)).toEqual({
    ...NONE,
    sources: [{ address: { tag: "ipv6", val: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0] }, prefixLength: 32 }],
  });
});

describe("what does not fit is refused with its words", () => {
  test.for([
    {
      words: ["-m", "comment", "--comment", "x"],
      names: 'conditionsV4[0]: want a list of "-i LINK"',
      and: "-m comment",
    },
    { words: ["-i", "eth0", "-p", "tcp"], names: "conditionsV4[2]", and: "-p tcp" },
    { words: ["-i", "eth0", "!"], names: "conditionsV4[2]", and: "!" },
    { words: ["-s"], names: "conditionsV4[0]", and: "-s" },
    { words: ["-s", "!", "1.2.3.4"], names: "conditionsV4[0]", and: "-s !" },
    { words: ["-s", "example.org"], names: "conditionsV4", and: "-s example.org" },
    { words: ["-s", "1.2.3.0/255.255.255.0"], names: "conditionsV4", and: "-s 1.2.3.0/255.255.255.0" },
    { words: ["-s", "2001:db8::1"], names: "want IPv4 addresses", and: "-s 2001:db8::1" },
    { words: ["-s", "1.2.3.4,"], names: "want IPv4 addresses", and: "-s 1.2.3.4," },
    { words: ["-s", "1.2.3.4", "-s", "1.2.3.5"], names: "one list", and: "-s 1.2.3.4 -s 1.2.3.5" },
    { words: ["-i", "eth+"], names: "conditionsV4", and: "-i eth+" },
    { words: ["-i", "eth0", "-i", "eth1"], names: "one link", and: "-i eth0 -i eth1" },
    { words: ["ip saddr 1.2.3.4"], names: "conditionsV4[0]", and: "ip saddr 1.2.3.4" },
    { words: ["-j", "ACCEPT"], names: "conditionsV4[0]", and: "-j ACCEPT" },
    { words: ["constructor", "x"], names: "conditionsV4[0]", and: "constructor x" },
    { words: [""], names: "conditionsV4[0]", and: '""' },
  ])("$words", ({ words, names, and }) => {
    expect(() => readConditions(words, V4)).toThrow(expect.objectContaining({ code: 7 }));
    expect(() => readConditions(words, V4)).toThrow(names);
    expect(() => readConditions(words, V4)).toThrow(and);
  });
});
