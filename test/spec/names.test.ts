import { describe, expect, test } from "vitest";
import { isIfName, parseContainerId, parseIfName, parseNetworkName, parsePluginType } from "../../host/spec/names.ts";

describe("parseIfName", () => {
  test.for(["eth0", "a", "exactly15bytes_", "lo", "eth0.100", "é", "-x"])("takes %j", (name) => {
    expect(parseIfName(name)).toBe(name);
  });

  test.for([
    ["", "empty"],
    [".", "a dot"],
    ["..", "two dots"],
    ["sixteen_bytes_00", "16 bytes"],
    ["éééééééé", "16 bytes in 8 characters"],
    ["a/b", "a slash"],
    ["a:b", "a colon"],
    ["a b", "a space"],
    ["a\tb", "a tab"],
    ["a\0b", "a NUL"],
  ] as const)("refuses %j: %s", ([name]) => {
    expect(() => parseIfName(name)).toThrow(expect.objectContaining({ kind: "invalidEnvironment", code: 4 }));
  });

  test("no value but a text is a name", () => {
    for (const value of [undefined, null, 1, {}, ["eth0"]]) expect(isIfName(value)).toBe(false);
  });
});

describe("names of networks, containers and plugins", () => {
  const broken = ["a/b", ".a", "-a", "_a", "a b", "ä", "..", "a\n", "a\0"];

  test.for(broken)("refuses %j everywhere", (name) => {
    expect(() => parseNetworkName(name)).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig", code: 7 }));
    expect(() => parseContainerId(name)).toThrow(expect.objectContaining({ kind: "invalidEnvironment", code: 4 }));
    expect(() => parsePluginType(name)).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig", code: 7 }));
  });

  test("an empty container id is code 3", () => {
    expect(() => parseContainerId("")).toThrow(expect.objectContaining({ kind: "unknownContainer", code: 3 }));
  });

  test("takes letters, digits, dots, dashes and underscores", () => {
    const name = "My-net_1.0";
    expect([parseNetworkName(name), parseContainerId(name), parsePluginType(name)]).toEqual([name, name, name]);
  });

  test("a name must fit a file name", () => {
    expect(() => parseNetworkName("a".repeat(241))).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig" }));
  });
});
