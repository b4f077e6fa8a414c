import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseCapabilities, parseManifest } from "../../../host/grants/grant.ts";
import type { ServedBy } from "../../../host/operations/validation/parts.ts";
import { checkSchema } from "../../../host/operations/validation/schema-check.ts";
import { validateNetwork } from "../../../host/operations/validation/validate.ts";
import type { JsonObject } from "../../../host/spec/json.ts";

const GUESTS = join(import.meta.dirname, "../../../guests");

/** A bundled plugin with the grant that it asks for, or another one. */
function component(
  type: string,
  change: { readonly granted?: object; readonly cniVersions?: readonly string[] } = {},
): ServedBy {
  const manifest = parseManifest(JSON.parse(readFileSync(join(GUESTS, type, "grants.json"), "utf8")));
  const { exports, cniVersions } = manifest;
  const granted = change.granted === undefined ? manifest.capabilities : parseCapabilities(change.granted);
  return { kind: "component", exports, cniVersions: change.cniVersions ?? cniVersions, manifest, granted };
}

const INSTALLED: Readonly<Record<string, ServedBy>> = {
  bridge: component("bridge"),
  "host-local": component("host-local"),
  loopback: component("loopback"),
  static: component("static"),
};
const BRIDGE: JsonObject = {
  type: "bridge",
  bridge: "br0",
  isGateway: true,
  ipam: { type: "host-local", subnet: "10.1.0.0/24", routes: [{ dst: "0.0.0.0/0" }] },
};
const LIST: JsonObject = { cniVersion: "1.1.0", name: "net", plugins: [BRIDGE] };

const validate = (network: string | JsonObject, change: Readonly<Record<string, ServedBy>> = {}) =>
  validateNetwork(
    { servedBy: (type) => ({ ...INSTALLED, ...change })[type] ?? { kind: "none", executable: undefined }, checkSchema },
    network,
  );
const withPlugin = (change: JsonObject): JsonObject => ({ ...LIST, plugins: [{ ...BRIDGE, ...change }] });

describe("a network without problems", () => {
  test.for<JsonObject>([
    LIST,
    { cniVersion: "0.3.1", name: "lo", type: "loopback" },
    { ...LIST, plugins: [{ Type: "bridge", Bridge: "br0", MTU: null, IPAM: { Type: "static", Addresses: [] } }] },
    withPlugin({ args: { cni: {} }, dns: {}, ipMasq: true, capabilities: { ipRanges: true } }),
    withPlugin({ ipam: {} }),
    withPlugin({ ipam: { type: "static", addresses: [{ address: "10.1.0.7/24" }] } }),
  ])("%j", (network) => {
    expect(validate(network)).toMatchObject({ ok: true, problems: [] });
  });

  test("says name, version, and what a runtime may supply", () => {
    const plugins = [
      { ...BRIDGE, capabilities: { ipRanges: true, mac: true, dns: false } },
      { type: "loopback", capabilities: { mac: true, bandwidth: true } },
    ];
    expect(validate({ ...LIST, cniVersion: "0.4.0", cniVersions: ["1.0.0", "2.0.0"], plugins })).toEqual({
      ok: true,
      name: "net",
      cniVersion: "1.0.0",
      problems: [],
      capabilityArgs: ["bandwidth", "ipRanges", "mac"],
    });
  });
});

/** One error each, of the first plugin. */
test.for<{
  title: string;
  network: JsonObject;
  served?: Readonly<Record<string, ServedBy>>;
  type: string;
  message: string;
}>([
  {
    title: "a type that nothing serves",
    network: withPlugin({ type: "nope" }),
    type: "nope",
    message: 'no plugin of type "nope" is installed',
  },
  {
    title: "an IPAM type that nothing serves",
    network: withPlugin({ ipam: { type: "dhcp" } }),
    type: "dhcp",
    message: 'no plugin of type "dhcp" is installed',
  },
  {
    title: "a version that the plugin does not speak",
    network: LIST,
    served: { bridge: component("bridge", { cniVersions: ["0.4.0"] }) },
    type: "bridge",
    message: "it does not speak CNI version 1.1.0",
  },
  {
    title: "a version that the IPAM plugin does not speak",
    network: LIST,
    served: { "host-local": component("host-local", { cniVersions: [] }) },
    type: "host-local",
    message: "it does not speak CNI version 1.1.0",
  },
  {
    title: "an IPAM plugin that gives no addresses",
    network: withPlugin({ ipam: { type: "loopback" } }),
    type: "loopback",
    message: 'it gives no addresses: it cannot be "ipam"',
  },
  {
    title: "a field of the wrong type",
    network: withPlugin({ isGateway: "yes" }),
    type: "bridge",
    message: "/isGateway must be boolean",
  },
  { title: "one in another case", network: withPlugin({ MTU: -1 }), type: "bridge", message: "/mtu must be >= 0" },
  {
    title: "a field of the IPAM plugin",
    network: withPlugin({ ipam: { type: "host-local", ranges: [[{ rangeStart: "10.1.0.1" }]] } }),
    type: "host-local",
    message: "/ipam/ranges/0/0 must have required property 'subnet'",
  },
  {
    title: "what is not implemented",
    network: withPlugin({ vlan: 100 }),
    type: "bridge",
    message: "/vlan must be equal to one of the allowed values: [0,null]",
  },
  {
    title: "a bridge beyond the grant",
    network: LIST,
    served: {
      bridge: component("bridge", { granted: { ...manifestOf("bridge"), "node-links": { bridges: ["cni0"] } } }),
    },
    type: "bridge",
    message: 'it is not granted node-links with "br0"',
  },
  {
    title: "a subnet beyond the grant",
    network: LIST,
    served: {
      "host-local": component("host-local", {
        granted: { ...manifestOf("host-local"), leases: { subnets: ["10.2.0.0/16"] } },
      }),
    },
    type: "host-local",
    message: 'it is not granted leases with "10.1.0.0/24"',
  },
  {
    title: "ipam without the grant",
    network: LIST,
    served: { bridge: component("bridge", { granted: { ...manifestOf("bridge"), ipam: undefined } }) },
    type: "bridge",
    message: 'it is not granted ipam with "host-local"',
  },
])("an error: $title", ({ network, served = {}, type, message }) => {
  const report = validate(network, served);
  expect(report.ok).toBe(false);
  expect(report.problems).toEqual([{ plugin: 0, type, severity: "error", message, fix: expect.stringMatching(/./u) }]);
});

test.for<{ title: string; network: string | JsonObject; served?: Readonly<Record<string, ServedBy>>; message: string }>(
  [
    {
      title: "a field that no plugin knows",
      network: withPlugin({ brigde: "br1" }),
      message: "no plugin knows /brigde",
    },
    {
      title: "one inside ipam",
      network: withPlugin({ ipam: { type: "host-local", subnet: "10.1.0.0/24", rangestart_: "x" } }),
      message: "no plugin knows /ipam/rangestart_",
    },
    {
      title: "a field that the list does not have",
      network: { ...LIST, plugin: {} },
      message: 'a list has no field "plugin"',
    },
    {
      title: "a field that is there twice",
      network: JSON.stringify(LIST).replace("{", '{"name":"other",'),
      message: "/name is there 2 times, as name, name",
    },
    {
      title: "two spellings of one",
      network: withPlugin({ Bridge: "br1" }),
      message: "/plugins/0/bridge is there 2 times, as bridge, Bridge",
    },
    {
      title: "what a runtime writes",
      network: withPlugin({ prevResult: {} }),
      message: '"prevResult" is the runtime\'s to write',
    },
    {
      title: "what the protocol keeps for itself",
      network: withPlugin({ "cni.dev/x": 1 }),
      message: '"cni.dev/x" is the runtime\'s to write',
    },
    {
      title: "a capability that is not granted",
      network: LIST,
      served: { bridge: component("bridge", { granted: { ...manifestOf("bridge"), masquerade: undefined } }) },
      message: "it asks for masquerade, which is not granted: what needs it is refused",
    },
    {
      title: "an IPAM plugin that is not called",
      network: { cniVersion: "1.1.0", name: "n", plugins: [{ type: "loopback", ipam: { type: "static" } }] },
      message: "it calls no IPAM plugin",
    },
    {
      title: "an executable",
      network: { cniVersion: "1.1.0", name: "n", plugins: [{ type: "vendor", anything: 1 }] },
      served: { vendor: { kind: "legacy", executable: "/opt/cni/bin/vendor" } },
      message: "it is an executable that nothing confines",
    },
  ],
)("a warning: $title", ({ network, served = {}, message }) => {
  const report = validate(network, served);
  expect(report.problems).toMatchObject([{ severity: "warning", message }]);
  expect(report.ok).toBe(true);
});

test("an allowed executable that is nowhere is an error", () => {
  const network = { cniVersion: "1.1.0", name: "n", plugins: [{ type: "vendor" }] };
  expect(validate(network, { vendor: { kind: "legacy", executable: undefined } })).toMatchObject({
    ok: false,
    problems: [
      { severity: "warning" },
      { severity: "error", message: "its executable is in none of the plugin directories" },
    ],
  });
});

test("an executable that is not allowed is named with the command that allows it", () => {
  const network = { cniVersion: "1.1.0", name: "n", plugins: [{ type: "vendor" }] };
  expect(validate(network, { vendor: { kind: "none", executable: "/opt/cni/bin/vendor" } }).problems[0]?.fix).toBe(
    "cnidaria install vendor, or run /opt/cni/bin/vendor unconfined: cnidaria legacy allow vendor",
  );
});

test("a schema that is of no use is a warning", () => {
  const base = component("loopback");
  if (base.kind !== "component") throw new Error("unreachable: it is a component");
  const bad: ServedBy = { ...base, manifest: { ...base.manifest, configurationSchema: { type: "nonsense" } } };
  expect(validate({ cniVersion: "1.1.0", name: "n", type: "loopback" }, { loopback: bad })).toMatchObject({
    ok: true,
    problems: [{ severity: "warning", message: expect.stringContaining("cannot be used") }],
  });
});

test("every plugin is looked at, and each problem says of which", () => {
  const plugins = [{ type: "nope" }, { ...BRIDGE, mtu: "x" }, { type: "nope2" }];
  expect(validate({ ...LIST, plugins }).problems.map(({ plugin, type }) => [plugin, type])).toEqual([
    [0, "nope"],
    [1, "bridge"],
    [2, "nope2"],
  ]);
});

test.for([
  { title: "no JSON", network: "{" },
  { title: "no name", network: { cniVersion: "1.0.0", plugins: [{ type: "a" }] } },
  { title: "an unknown version", network: { ...LIST, cniVersion: "9.0.0" } },
  { title: "no plugins", network: { ...LIST, plugins: [] } },
])("a configuration that cannot be read is an error of the list: $title", ({ network }) => {
  expect(validate(network)).toMatchObject({
    ok: false,
    name: undefined,
    problems: [{ plugin: undefined, severity: "error" }],
    capabilityArgs: [],
  });
});

function manifestOf(type: string): object {
  return (JSON.parse(readFileSync(join(GUESTS, type, "grants.json"), "utf8")) as { capabilities: object }).capabilities;
}
