import { describe, expect, test } from "vitest";
import { parseNetworkConfiguration } from "../../host/spec/configuration.ts";
import type { JsonObject } from "../../host/spec/json.ts";

/** What a switch may say, and what that means. */
const SWITCHES = [
  [true, true],
  [false, false],
  ["true", true],
  ["TRUE", true],
  ["False", false],
  [null, false],
] as const;

const LIST: JsonObject = { cniVersion: "1.0.0", name: "net", plugins: [{ type: "bridge" }] };

describe("parseNetworkConfiguration", () => {
  test("takes text and value alike", () => {
    expect(parseNetworkConfiguration(JSON.stringify(LIST))).toEqual(parseNetworkConfiguration(LIST));
  });

  test("reads what is known and keeps everything", () => {
    const list = {
      CNIVersion: "0.4.0",
      CniVersions: ["1.1.0", "0.4.0"],
      Name: "net",
      DisableCheck: "TRUE",
      disablegc: true,
      vendor: { x: 1 },
      plugins: [
        {
          Type: "bridge",
          IPAM: { Type: "host-local" },
          Capabilities: { portMappings: true, dns: false, ips: null },
          vendor: [1],
        },
        { type: "tuning", ipam: {} },
      ],
    };
    const network = parseNetworkConfiguration(list);
    expect(network).toMatchObject({
      name: "net",
      cniVersion: "1.1.0",
      disableCheck: true,
      disableGc: true,
      loadOnlyInlinedPlugins: false,
    });
    expect(network.plugins).toMatchObject([
      { type: "bridge", ipamType: "host-local", capabilityArgs: ["portMappings"] },
      { type: "tuning", ipamType: undefined, capabilityArgs: [] },
    ]);
    expect(network.plugins[0]?.object).toEqual(list.plugins[0]);
    expect(JSON.parse(network.text)).toEqual(list);
  });

  test("makes a list of one plugin's configuration", () => {
    const conf = { cniVersion: "0.3.1", name: "net", type: "bridge", bridge: "br0", prevResult: {} };
    const network = parseNetworkConfiguration(conf);
    expect(network.plugins).toMatchObject([{ type: "bridge", object: conf }]);
    expect(JSON.parse(network.text)).toEqual({ cniVersion: "0.3.1", name: "net", plugins: [conf] });
  });

  test.for(
    ["disableCheck", "disableGC", "loadOnlyInlinedPlugins"].flatMap((key) =>
      SWITCHES.map((each) => [key, ...each] as const),
    ),
  )("%s: %j is %j", ([key, value, want]) => {
    const { disableCheck, disableGc, loadOnlyInlinedPlugins } = parseNetworkConfiguration({ ...LIST, [key]: value });
    expect({ disableCheck, disableGC: disableGc, loadOnlyInlinedPlugins }[key]).toBe(want);
  });

  test.for([{}, { cniVersion: "" }, { cniVersion: null }])("without a version it is 0.1.0: %j", (version) => {
    expect(parseNetworkConfiguration({ ...version, name: "net", plugins: [{ type: "a" }] }).cniVersion).toBe("0.1.0");
  });

  test("a missing version is not in the way of cniVersions", () => {
    const list = { name: "net", cniVersions: ["1.0.0"], plugins: [{ type: "a" }] };
    expect(parseNetworkConfiguration(list).cniVersion).toBe("1.0.0");
  });

  test.for([{}, { ipam: null }, { ipam: {} }, { ipam: { type: "" } }])("no IPAM plugin: %j", (ipam) => {
    expect(
      parseNetworkConfiguration({ ...LIST, plugins: [{ type: "a", ...ipam }] }).plugins[0]?.ipamType,
    ).toBeUndefined();
  });

  test.for([
    { why: "no JSON", source: "{", code: 6 },
    { why: "an array", source: "[]", code: 6 },
    { why: "no object", source: 1, code: 6 },
    { why: "undefined", source: undefined, code: 6 },
    { why: "a name of the wrong type", source: { ...LIST, name: 1 }, code: 6 },
    { why: "a version of the wrong type", source: { ...LIST, cniVersion: 1 }, code: 6 },
    { why: "versions of the wrong type", source: { ...LIST, cniVersions: "1.0.0" }, code: 6 },
    { why: "a version among them of the wrong type", source: { ...LIST, cniVersions: [1] }, code: 6 },
    { why: "disableCheck: 1", source: { ...LIST, disableCheck: 1 }, code: 6 },
    { why: 'disableCheck: "yes"', source: { ...LIST, disableCheck: "yes" }, code: 6 },
    { why: "plugins of the wrong type", source: { ...LIST, plugins: {} }, code: 6 },
    { why: "a plugin that is no object", source: { ...LIST, plugins: ["bridge"] }, code: 6 },
    { why: "a type of the wrong type", source: { ...LIST, plugins: [{ type: 1 }] }, code: 6 },
    { why: "ipam of the wrong type", source: { ...LIST, plugins: [{ type: "a", ipam: "x" }] }, code: 6 },
    {
      why: "a capability that is no boolean",
      source: { ...LIST, plugins: [{ type: "a", capabilities: { dns: "true" } }] },
      code: 6,
    },
    { why: "no name", source: { ...LIST, name: null }, code: 7 },
    { why: "an illegal name", source: { ...LIST, name: "a/b" }, code: 7 },
    { why: "no plugins", source: { cniVersion: "1.0.0", name: "net" }, code: 7 },
    { why: "empty plugins", source: { ...LIST, plugins: [] }, code: 7 },
    { why: "a plugin without a type", source: { ...LIST, plugins: [{}] }, code: 7 },
    { why: "a type that is a path", source: { ...LIST, plugins: [{ type: "../x" }] }, code: 7 },
    {
      why: "an IPAM type that is a path",
      source: { ...LIST, plugins: [{ type: "a", ipam: { type: "/bin/sh" } }] },
      code: 7,
    },
    {
      why: "loadOnlyInlinedPlugins without plugins",
      source: { cniVersion: "1.0.0", name: "net", loadOnlyInlinedPlugins: true },
      code: 7,
    },
    { why: "a malformed version among them", source: { ...LIST, cniVersions: ["1.0.0", "v1"] }, code: 7 },
    { why: "a version of two parts", source: { ...LIST, cniVersion: "1.1" }, code: 1 },
    { why: "a version with a letter", source: { ...LIST, cniVersion: "v1.1.0" }, code: 1 },
    { why: "a pre-release", source: { ...LIST, cniVersion: "1.1.0-dev" }, code: 1 },
    { why: "a version that is too new", source: { ...LIST, cniVersion: "2.0.0" }, code: 1 },
  ])("refuses with code $code: $why", ({ source, code }) => {
    expect(() => parseNetworkConfiguration(source)).toThrow(expect.objectContaining({ name: "CniError", code }));
  });
});
