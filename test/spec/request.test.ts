import { describe, expect, test } from "vitest";
import { parseNetworkConfiguration } from "../../host/spec/configuration.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { broughtPreviousResult, deriveRequest, deriveRequestConfiguration } from "../../host/spec/request.ts";

function derive(plugin: JsonObject, args: JsonObject = {}): ReturnType<typeof deriveRequestConfiguration> {
  const network = parseNetworkConfiguration({
    cniVersion: "0.4.0",
    cniVersions: ["1.1.0"],
    name: "net",
    plugins: [plugin],
  });
  const [first] = network.plugins;
  if (first === undefined) throw new Error("unreachable: a list has a plugin");
  return deriveRequestConfiguration(network, first, args);
}

describe("deriveRequestConfiguration", () => {
  test("sets name and the selected version, keeps every field, strips what is reserved", () => {
    const { configuration } = derive({
      type: "bridge",
      Name: "other",
      cniVersion: "0.1.0",
      bridge: "br0",
      vendor: { deep: [1, { x: null }] },
      args: { cni: { ips: ["10.1.0.7"] } },
      capabilities: { dns: true },
      prevResult: { ips: [] },
      "cni.dev/valid-attachments": [],
    });
    expect(configuration).toEqual({
      cniVersion: "1.1.0",
      name: "net",
      type: "bridge",
      bridge: "br0",
      vendor: { deep: [1, { x: null }] },
      args: { cni: { ips: ["10.1.0.7"] } },
    });
  });

  test("hands over only what is declared and supplied", () => {
    const capabilities = { dns: true, mac: true, ips: false, toString: true };
    const { configuration, runtimeConfig } = derive(
      { type: "a", capabilities },
      { dns: { servers: ["1.1.1.1"] }, ips: ["10.1.0.7"], other: 1 },
    );
    expect(runtimeConfig).toEqual({ dns: { servers: ["1.1.1.1"] } });
    expect(configuration["runtimeConfig"]).toEqual(runtimeConfig);
  });

  test("has no runtimeConfig when there is nothing to hand over", () => {
    expect(derive({ type: "a", capabilities: { dns: true } }).configuration).not.toHaveProperty("runtimeConfig");
  });

  test("keeps a runtimeConfig that a runtime of the exec protocol derived", () => {
    expect(derive({ type: "a", RuntimeConfig: { mac: "0a:00:00:00:00:01" } }).configuration["runtimeConfig"]).toEqual({
      mac: "0a:00:00:00:00:01",
    });
  });
});

test("deriveRequest makes the WIT record", () => {
  const network = parseNetworkConfiguration({ cniVersion: "1.0.0", name: "net", plugins: [{ type: "a", x: 1 }] });
  const derived = derive({ type: "a", x: 1, capabilities: { mac: true } }, { mac: "0a:00:00:00:00:01" });
  const context = {
    containerId: "c1",
    ifname: "eth0",
    netns: "/run/netns/x",
    args: [["K", "v"]] as const,
    previousResult: undefined,
  };
  const request = deriveRequest(network, derived, context);
  expect(request).toMatchObject({
    cniVersion: "1.0.0",
    networkName: "net",
    containerId: "c1",
    ifname: "eth0",
    netns: "/run/netns/x",
    args: [{ name: "K", value: "v" }],
    runtimeConfig: { mac: [10, 0, 0, 0, 0, 1] },
    previousResult: undefined,
  });
  expect(JSON.parse(request.configuration)).toMatchObject({ type: "a", x: 1 });
});

test.for([
  {
    why: "of a list, each plugin's own",
    text: '{"name":"n","name":"net","cniVersion":"1.0.0","plugins":[{"type":"a","x":1,"x":2},{"type":"b","y":{"a/b":1,"a/b":2},"z":1,"Z":2}]}',
    want: [["/x"], ["/y/a~1b"]],
  },
  {
    why: "of one plugin",
    text: '{"name":"net","cniVersion":"1.0.0","type":"a","x":{"k":1,"k":2}}',
    want: [["/x/k"]],
  },
  {
    why: "none",
    text: '{"name":"net","cniVersion":"1.0.0","type":"a","cnidaria.dev/duplicates":["/x"]}',
    want: [undefined],
  },
])("a request says which fields are there twice: $why", ({ text, want }) => {
  const network = parseNetworkConfiguration(text);
  const requests = network.plugins.map((plugin) => deriveRequestConfiguration(network, plugin, {}).configuration);
  expect(requests.map((configuration) => configuration["cnidaria.dev/duplicates"])).toEqual(want);
});

describe("broughtPreviousResult", () => {
  const brought = (change: JsonObject): unknown => {
    const [plugin] = parseNetworkConfiguration({ cniVersion: "1.0.0", name: "net", type: "a", ...change }).plugins;
    if (plugin === undefined) throw new Error("unreachable: a list has a plugin");
    return broughtPreviousResult(plugin);
  };

  test.for([
    { title: "missing is none", change: {}, want: undefined },
    { title: "null is none", change: { prevResult: null }, want: undefined },
    { title: "an empty object is an empty result", change: { prevResult: {} }, want: {} },
    { title: "another case of the key", change: { PrevResult: { ips: [] } }, want: { ips: [] } },
  ])("$title", ({ change, want }) => {
    expect(brought(change)).toEqual(want);
  });

  test.for(["", [], 1, "{}"])("%j is code 6", (prevResult) => {
    expect(() => brought({ prevResult })).toThrow(expect.objectContaining({ code: 6 }));
  });
});

test.for([
  ["missing", {}],
  ["null", { runtimeConfig: null }],
  ["empty", { runtimeConfig: {} }],
] as const)("a runtimeConfig that is %s is none", ([, change]) => {
  expect(derive({ type: "a", ...change }).runtimeConfig).toEqual({});
  expect(derive({ type: "a", ...change }).configuration).not.toHaveProperty("runtimeConfig");
});
