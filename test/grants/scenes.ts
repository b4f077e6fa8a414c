/**
 * @module Facts and grants for the tests of grants.
 */
import fc from "fast-check";
import { CAPABILITIES, CAPABILITY_NAMES } from "../../host/grants/capabilities/index.ts";
import type { CapabilityName } from "../../host/grants/capabilities/index.ts";
import type { CallFacts } from "../../host/grants/facts.ts";
import type { Capabilities } from "../../host/grants/grant.ts";
import { parseManifest } from "../../host/grants/grant.ts";
import { parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";

/** A call of bridge with host-local, in the middle of ADD. */
export const FACTS: CallFacts = {
  verb: "ADD",
  network: "net",
  containerId: "c1",
  ifname: "eth0",
  configuration: {
    type: "bridge",
    Bridge: "br0",
    ingressPolicy: "same-bridge",
    ipam: {
      type: "host-local",
      subnet: "10.1.0.0/16",
      ranges: [[{ subnet: "10.2.0.0/24" }], [{ subnet: "2001:db8::/64" }]],
      resolvConf: "/etc/resolv.conf",
    },
    Sysctl: {
      "net.core.somaxconn": "500",
      "net.core.rmem_max": "1",
      "net/ipv4/conf/IFNAME/arp_filter": "1",
      "net.ipv4.conf.eth1.arp_filter": "1",
    },
    args: { cni: { sysctl: { "net.ipv4.conf.IFNAME.arp_ignore": "2" } } },
  },
  runtimeConfig: { ipRanges: [[{ Subnet: "10.3.0.0/24" }]] },
  givenAddresses: [parseIpPrefix("10.1.0.7/16"), parseIpPrefix("2001:db8::7/64")],
  ownedNodeLinks: new Set(["veth1"]),
  ownedContainerLinks: new Set(["eth0"]),
};

/** The scopes that bridge, host-local and firewall ask for, together. */
export const ALL: Capabilities = scopes({
  "container-links": { kinds: ["veth"], set: ["up"] },
  "container-addresses": { from: "ipam" },
  "container-routes": {},
  "container-rules": { tables: [{ first: 100, last: 300 }, { configuration: "/table" }] },
  "container-link-attributes": { set: ["mtu", "mac"] },
  "container-sysctls": {
    names: ["net.ipv4.conf.IFNAME.**", { name: "net.core.somaxconn", values: ["500", "600"] }],
    configuration: ["/sysctl", "/args/cni/sysctl"],
  },
  "node-links": { bridges: [{ configuration: "/bridge", default: "cni0" }] },
  "node-addresses": {
    links: [{ configuration: "/bridge", default: "cni0" }],
    replace: { configuration: "/forceAddress" },
  },
  "node-routes": {},
  "node-forwarding": { families: ["ipv4"] },
  masquerade: {},
  "forward-rules": { isolation: [{ configuration: "/ingressPolicy", among: ["same-bridge", "isolated"] }] },
  "host-ports": { ports: [{ first: 8000, last: 8080 }], translateAll: { configuration: "/masqAll" } },
  shaping: { rates: [{ minimumBitsPerSecond: 1_000_000, maximumBitsPerSecond: 100_000_000 }, { call: "bandwidth" }] },
  conntrack: {},
  "spoof-guard": {},
  leases: {
    subnets: [
      { configuration: "/ipam/subnet" },
      { configuration: "/ipam/ranges/*/*/subnet" },
      { runtimeConfig: "/ipRanges/*/*/subnet" },
      "192.0.2.0/24",
    ],
  },
  ipam: {},
  "resolver-file": { paths: [{ configuration: "/ipam/resolvConf" }] },
  log: {},
  clock: {},
  random: {},
});

/** Fills in the defaults of scopes. */
export function scopes(asked: Readonly<Record<string, unknown>>): Capabilities {
  return parseManifest({ manifestVersion: 1, type: "t", version: "1", exports: ["attachment"], capabilities: asked })
    .capabilities;
}

const names = fc.subarray([
  "br0",
  "cni0",
  "eth0",
  "lo",
  { configuration: "/bridge" },
  { configuration: "/bridge", default: "cni0" },
  { configuration: "/bridge", among: ["br0"] },
  { call: "ifname" },
]);
const subnets = fc.subarray([
  "10.1.0.0/16",
  "10.1.0.0/24",
  { configuration: "/ipam/subnet" },
  { runtimeConfig: "/ipRanges/*/*/subnet" },
]);
const replace = fc.constantFrom(true, false, { configuration: "/forceAddress" });
const tables = fc.subarray([
  100,
  254,
  255,
  { first: 100, last: 300 },
  { first: 90, last: 150 },
  { first: 254, last: 254 },
  { configuration: "/table" },
]);
const SCOPES: Readonly<Record<CapabilityName, fc.Arbitrary<unknown>>> = {
  "container-links": fc.record({
    kinds: fc.subarray(["veth"]),
    links: names,
    set: fc.subarray(["up", "down"]),
    nodeNames: names,
  }),
  "container-addresses": fc.record({ from: fc.constantFrom("ipam", "loopback"), links: names }),
  "container-routes": fc.record({
    links: names,
    tables: fc.oneof(fc.constant("any"), tables),
    delete: fc.boolean(),
  }),
  "container-rules": fc.record({ tables }),
  "container-link-attributes": fc.record({ links: names, set: fc.subarray(["mtu", "mac", "promiscuous"]) }),
  "container-sysctls": fc.record(
    {
      names: fc.subarray([
        "net.**",
        "net.ipv4.*.*.arp_filter",
        "net.ipv4.conf.IFNAME.**",
        "net.ipv4.conf.IFNAME.arp_filter",
        "net.ipv4.conf.eth0.arp_filter",
        { name: "net.core.*", values: ["500", "600"] },
        { name: "net.core.somaxconn", values: ["500"] },
      ]),
      configuration: fc.subarray(["/sysctl", "/args/cni/sysctl"]),
    },
    { requiredKeys: ["names"] },
  ),
  "node-links": fc.record({ bridges: names, adopt: names, read: names }),
  "node-addresses": fc.record({ links: names, own: fc.boolean(), replace }),
  "node-routes": fc.constant({}),
  "node-forwarding": fc.record({ families: fc.subarray(["ipv4", "ipv6"]) }),
  masquerade: fc.constant({}),
  "forward-rules": fc.record({
    isolation: fc.subarray(["same-bridge", "isolated", { configuration: "/ingressPolicy" }]),
  }),
  "host-ports": fc.record(
    {
      ports: fc.subarray([{ first: 1, last: 65_535 }, { first: 8000, last: 8080 }, { runtimeConfig: "/portMappings" }]),
      translateAll: fc.constantFrom(true, false, { configuration: "/masqAll" }),
      links: names,
      sources: subnets,
    },
    { requiredKeys: ["ports", "translateAll"] },
  ),
  shaping: fc.record({
    rates: fc.subarray([
      { minimumBitsPerSecond: 1, maximumBitsPerSecond: 1_000_000_000 },
      { minimumBitsPerSecond: 1_000_000, maximumBitsPerSecond: 10_000_000 },
      { call: "bandwidth" },
    ]),
  }),
  conntrack: fc.constant({}),
  "spoof-guard": fc.constant({}),
  leases: fc.record({ subnets }),
  ipam: fc.record({ types: names }),
  "resolver-file": fc.record({ paths: fc.subarray(["/etc/resolv.conf", "/run/resolv.conf"]) }),
  log: fc.constant({}),
  clock: fc.constant({}),
  random: fc.constant({}),
};

/** Any scope of a capability. */
export function anyScope(name: CapabilityName): fc.Arbitrary<unknown> {
  return SCOPES[name].map((scope) => CAPABILITIES[name].scope.parse(scope));
}

/** Any grant, of any capabilities. */
export const anyCapabilities: fc.Arbitrary<Capabilities> = fc
  .record(Object.fromEntries(CAPABILITY_NAMES.map((name) => [name, fc.option(anyScope(name), { nil: undefined })])))
  .map((record) => Object.fromEntries(Object.entries(record).filter(([, scope]) => scope !== undefined)));

const link = fc.constantFrom("br0", "cni0", "eth0", "lo", "veth1", "x", 1, undefined);
const ips = fc
  .constantFrom("10.1.0.7", "10.1.0.1", "10.2.0.9", "10.3.0.9", "192.0.2.1", "2001:db8::1", "8.8.8.8")
  .map(parseIpAddress);
const prefixes = fc.array(
  fc.constantFrom("10.1.0.7/16", "10.1.0.1/16", "10.1.0.7/24", "2001:db8::7/64", "8.8.8.8/8").map(parseIpPrefix),
  { maxLength: 2 },
);
const range = fc.record({ first: ips, last: ips });
const veth = fc.record({
  ifname: link,
  nodeName: fc.option(link, { nil: undefined }),
  port: fc.option(fc.record({ bridge: link, hairpin: fc.boolean(), isolated: fc.boolean() }), { nil: undefined }),
});
const settingNames = fc.constantFrom(
  "net.core.somaxconn",
  "net.ipv4.conf.eth0.arp_filter",
  "net.ipv4.conf.eth0.arp_ignore",
  "net.ipv4.conf.eth1.arp_filter",
  "kernel.panic",
  5,
);
const settings = fc.array(fc.record({ name: settingNames, value: fc.constantFrom("500", "600", "1", "2", 1) }), {
  maxLength: 2,
});
const anyTable = fc.constantFrom(undefined, 0, 7, 95, 100, 254, 255, "254");
const routes = fc.array(fc.record({ table: anyTable }), { maxLength: 2 });
const sources = fc.constantFrom("10.1.0.7/32", "10.1.0.7/16", "2001:db8::7/128", "8.8.8.8/32").map(parseIpPrefix);
const rules = fc.array(fc.record({ source: sources, table: anyTable }), { maxLength: 2 });

/** Any operation with arguments of its shape, mostly. */
export const anyOperation: fc.Arbitrary<readonly [operation: string, args: readonly unknown[]]> = fc.oneof(
  fc.tuple(fc.constant("container-links.create-veth"), fc.tuple(fc.constant(1), veth)),
  fc.tuple(
    fc.constantFrom(
      "container-links.get",
      "container-links.set-up",
      "container-links.set-down",
      "container-links.delete",
    ),
    fc.tuple(fc.constant(1), link),
  ),
  fc.tuple(
    fc.constantFrom("container-addresses.add", "container-addresses.list"),
    fc.tuple(fc.constant(1), link, prefixes),
  ),
  fc.tuple(
    fc.constantFrom("container-routes.add", "container-routes.list", "container-routes.delete"),
    fc.tuple(fc.constant(1), link, routes, fc.constantFrom("exclusive", "replace")),
  ),
  fc.tuple(
    fc.constantFrom("container-rules.add", "container-rules.delete", "container-rules.list"),
    fc.tuple(fc.constant(1), rules),
  ),
  fc.tuple(fc.constantFrom("node-routes.ensure", "node-routes.list"), fc.tuple(link, fc.array(ips, { maxLength: 2 }))),
  fc.tuple(
    fc.constantFrom("container-link-attributes.set", "container-link-attributes.restore"),
    fc.tuple(
      fc.constant(1),
      link,
      fc.record({ mtuBytes: fc.constantFrom(undefined, 1400), mac: fc.constantFrom(undefined, []) }),
    ),
  ),
  fc.tuple(fc.constant("container-sysctls.set"), fc.tuple(fc.constant(1), settings)),
  fc.tuple(fc.constant("container-sysctls.get"), fc.tuple(fc.constant(1), fc.array(settingNames, { maxLength: 2 }))),
  fc.tuple(fc.constant("node-links.ensure-bridge"), fc.tuple(fc.record({ name: link }))),
  fc.tuple(
    fc.constantFrom(
      "node-links.get",
      "node-links.wait-until-up",
      "node-addresses.list",
      "ipam.add",
      "resolver-file.read",
    ),
    fc.tuple(link),
  ),
  fc.tuple(fc.constant("node-addresses.ensure"), fc.tuple(link, prefixes, fc.boolean())),
  fc.tuple(fc.constant("node-forwarding.enable"), fc.tuple(fc.constantFrom("ipv4", "ipv6"))),
  fc.tuple(fc.constantFrom("masquerade.set", "masquerade.list", "masquerade.remove"), fc.tuple(prefixes)),
  fc.tuple(fc.constant("forward-rules.allow"), fc.tuple(fc.array(ips, { maxLength: 2 }))),
  fc.tuple(fc.constant("forward-rules.isolate"), fc.tuple(link, fc.constantFrom("open", "same-bridge", "isolated", 1))),
  fc.tuple(
    fc.constantFrom(
      "forward-rules.list",
      "forward-rules.remove",
      "forward-rules.obstacles",
      "forward-rules.isolation-of",
    ),
    fc.tuple(link),
  ),
  fc.tuple(
    fc.constant("leases.reserve-next"),
    fc.tuple(fc.constant(0), fc.array(range, { maxLength: 2 }), fc.constant([])),
  ),
  fc.tuple(fc.constant("leases.reserve"), fc.tuple(fc.constant(0), ips)),
  fc.tuple(fc.constant("leases.count-free"), fc.tuple(fc.array(range, { maxLength: 2 }), fc.constant([]))),
  fc.tuple(fc.constantFrom("leases.list", "leases.release", "log.write", "clock.now", "random.bytes"), fc.constant([])),
);
