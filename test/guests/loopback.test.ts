import { describe, expect, test } from "vitest";

import { createLoopback, isLoopback, type LoopbackImports } from "../../guests/loopback/loopback.ts";
import { type Call, failing, failureOf, record } from "./fakes.ts";
import { cidr, CONTAINER, NETNS, requestOf } from "./requests.ts";

const LO = {
  name: "lo",
  index: 1,
  kind: "",
  mtuBytes: 65_536,
  up: true,
  operationalState: "unknown",
  promiscuous: false,
  allMulticast: false,
  transmitQueueLength: 1000,
} as const;

function loopbackWith(changes: { addresses?: string[]; up?: boolean; setUp?: () => void; setDown?: () => void } = {}) {
  const calls: Call[] = [];
  const imports: LoopbackImports = {
    links: {
      get: () => ({ ...LO, up: changes.up ?? true }),
      setUp: changes.setUp ?? (() => undefined),
      setDown: changes.setDown ?? (() => undefined),
    },
    addresses: {
      list: () =>
        (changes.addresses ?? ["127.0.0.1/8", "::1/128"]).map((text) => ({
          address: cidr(text),
          tentative: false,
          duplicate: false,
        })),
    },
  };
  return { calls, plugin: createLoopback(record(imports, calls)) };
}

describe("ADD", () => {
  test("sets lo up, whatever the call's link is named", () => {
    const { calls, plugin } = loopbackWith();
    plugin.add(requestOf({}, { ifname: "eth7" }), CONTAINER);
    expect(calls).toEqual([
      ["links.setUp", CONTAINER, "lo", 0],
      ["addresses.list", CONTAINER, "lo"],
    ]);
  });

  test("gives lo with its first address of each family", () => {
    const { plugin } = loopbackWith({ addresses: ["127.0.0.1/8", "127.0.0.2/8", "::1/128"] });
    expect(plugin.add(requestOf({}), CONTAINER)).toEqual({
      interfaces: [{ name: "lo", mac: [0, 0, 0, 0, 0, 0], sandbox: NETNS }],
      ips: [
        { address: cidr("127.0.0.1/8"), interfaceIndex: 0 },
        { address: cidr("::1/128"), interfaceIndex: 0 },
      ],
      routes: [],
    });
  });

  test("gives a previous result back as it is", () => {
    const previousResult = { interfaces: [], ips: [], routes: [], extensions: '{"x":1}' };
    const { plugin } = loopbackWith();
    expect(plugin.add(requestOf({}, { previousResult }), CONTAINER)).toBe(previousResult);
  });

  test("refuses an lo with another address", () => {
    const { plugin } = loopbackWith({ addresses: ["127.0.0.1/8", "10.0.0.1/8"] });
    expect(failureOf(() => plugin.add(requestOf({}), CONTAINER)).message).toContain("10.0.0.1/8");
  });

  test("says what could not be done", () => {
    const { plugin } = loopbackWith({ setUp: failing("not-permitted") });
    expect(failureOf(() => plugin.add(requestOf({}), CONTAINER))).toMatchObject({
      code: 101,
      message: "cannot set lo up: not-permitted",
    });
  });
});

describe("DEL", () => {
  test("sets lo down", () => {
    const { calls, plugin } = loopbackWith();
    plugin.del(requestOf({}), CONTAINER);
    expect(calls).toEqual([["links.setDown", CONTAINER, "lo"]]);
  });

  test("of a namespace that is gone succeeds", () => {
    const { plugin } = loopbackWith({ setDown: failing("no-namespace") });
    expect(() => plugin.del(requestOf({}, { netns: "" }), CONTAINER)).not.toThrow();
  });

  test("reports every other failure", () => {
    const { plugin } = loopbackWith({ setDown: failing("not-permitted") });
    expect(failureOf(() => plugin.del(requestOf({}), CONTAINER)).code).toBe(101);
  });
});

describe("CHECK", () => {
  test("passes an lo that is up, and no other", () => {
    expect(() => loopbackWith().plugin.check(requestOf({}), CONTAINER)).not.toThrow();
    expect(failureOf(() => loopbackWith({ up: false }).plugin.check(requestOf({}), CONTAINER)).message).toBe(
      "lo is down",
    );
  });
});

test.for([
  ["127.0.0.1/8", true],
  ["127.255.0.1/32", true],
  ["128.0.0.1/8", false],
  ["::1/128", true],
  ["::2/128", false],
  ["fe80::1/64", false],
] as const)("%s is a loopback address: %s", ([text, answer]) => {
  expect(isLoopback(cidr(text))).toBe(answer);
});
