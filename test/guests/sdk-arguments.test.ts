import { describe, expect, test } from "vitest";

import {
  chooseMac,
  parseRequested,
  readArguments,
  requestedAtRuntime,
  requestedInConfiguration,
} from "../../guests/sdk/arguments.ts";
import { parseConfiguration } from "../../guests/sdk/configuration.ts";
import { formatMac, type MacAddress } from "../../guests/sdk/mac.ts";
import { failureOf } from "./fakes.ts";
import { ip } from "./requests.ts";

const argument = (text: string): { name: string; value: string } => {
  const [name = "", value = ""] = text.split("=");
  return { name, value };
};
const read = (...texts: string[]): ReadonlyMap<string, string> => readArguments(texts.map(argument), ["IP", "MAC"]);

describe("CNI_ARGS", () => {
  test("gives the names that the plugin reads", () => {
    expect([...read("IP=10.0.0.1", "MAC=0a:00:00:00:00:01")]).toEqual([
      ["IP", "10.0.0.1"],
      ["MAC", "0a:00:00:00:00:01"],
    ]);
  });

  test.for(["1", "true", "TRUE"])("passes over other names with IgnoreUnknown=%s", (value) => {
    expect([...read("K8S_POD_NAME=x", `IgnoreUnknown=${value}`)]).toEqual([]);
  });

  test.for([["K8S_POD_NAME=x"], ["K8S_POD_NAME=x", "IgnoreUnknown=0"], ["K8S_POD_NAME=x", "IgnoreUnknown=false"]])(
    "refuses other names: %j",
    (texts) => {
      expect(failureOf(() => read(...texts))).toMatchObject({
        code: 4,
        message: 'CNI_ARGS: unknown arguments ["K8S_POD_NAME=x"]',
      });
    },
  );

  test("names are case-sensitive", () => {
    expect(failureOf(() => read("ip=10.0.0.1")).code).toBe(4);
    expect(failureOf(() => read("ignoreunknown=1")).code).toBe(4);
  });

  test("refuses an IgnoreUnknown that is no boolean", () => {
    expect(failureOf(() => read("IgnoreUnknown=yes")).code).toBe(4);
  });

  test("an empty value is absent, and the last of a name counts", () => {
    expect([...read("IP=10.0.0.1", "IP=10.0.0.2")]).toEqual([["IP", "10.0.0.2"]]);
    expect([...read("IP=10.0.0.1", "IP=")]).toEqual([]);
  });
});

describe("the hardware address", () => {
  const A = "0a:00:00:00:00:0a";
  const C = "0a:00:00:00:00:0c";
  const R: MacAddress = [0x0a, 0, 0, 0, 0, 0x0f];
  const choose = (
    args: string | undefined,
    conf: string | undefined,
    runtime: MacAddress | undefined,
  ): MacAddress | undefined =>
    chooseMac({
      args: args === undefined ? new Map() : new Map([["MAC", args]]),
      configuration: parseConfiguration(JSON.stringify(conf === undefined ? {} : { args: { cni: { mac: conf } } })),
      runtimeConfigMac: runtime,
    });

  const CASES = [
    { title: "nobody asks", args: undefined, conf: undefined, runtime: undefined, chosen: undefined },
    { title: "CNI_ARGS alone", args: A, conf: undefined, runtime: undefined, chosen: A },
    { title: "args.cni over CNI_ARGS", args: A, conf: C, runtime: undefined, chosen: C },
    { title: "runtimeConfig over both", args: A, conf: C, runtime: R, chosen: "0a:00:00:00:00:0f" },
  ];

  test.for(CASES)("$title: $chosen", ({ args, conf, runtime, chosen }) => {
    const mac = choose(args, conf, runtime);
    expect(mac === undefined ? undefined : formatMac(mac)).toBe(chosen);
  });

  test("that is none is refused, naming where it is", () => {
    expect(failureOf(() => choose("xx", undefined, R)).message).toContain("CNI_ARGS MAC");
    expect(failureOf(() => choose(undefined, "xx", R)).message).toContain("args.cni.mac");
  });
});

describe("addresses that are asked for", () => {
  test("may have a prefix", () => {
    expect(parseRequested("here", "10.0.0.5/24")).toEqual({
      source: "here",
      address: ip("10.0.0.5"),
      prefixLength: 24,
    });
    expect(parseRequested("here", "10.0.0.5")).toEqual({
      source: "here",
      address: ip("10.0.0.5"),
      prefixLength: undefined,
    });
    expect(failureOf(() => parseRequested("here", "10.0.0")).message).toContain("here");
  });

  test("come from args.cni.ips and the runtime, with their sources", () => {
    const configuration = parseConfiguration('{"args":{"CNI":{"IPs":["10.0.0.5"]}}}');
    expect(requestedInConfiguration(configuration).map(({ source }) => source)).toEqual(["args.cni.ips[0]"]);
    expect(requestedInConfiguration(parseConfiguration("{}"))).toEqual([]);
    expect(requestedAtRuntime([{ address: ip("::1") }])).toEqual([
      { source: "runtimeConfig.ips[0]", address: ip("::1") },
    ]);
  });
});
