/**
 * @module Operations, allowed and refused, for the test of decide().
 */
import type { CallFacts } from "../../host/grants/facts.ts";
import { parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";
import { LEASES_ALLOWED, LEASES_REFUSED } from "./lease-cases.ts";
import { ROUTING_ALLOWED, ROUTING_REFUSED } from "./routing-cases.ts";
import { PORTS_ALLOWED, PORTS_REFUSED } from "./port-cases.ts";
import { SHAPING_ALLOWED, SHAPING_REFUSED } from "./shaping-cases.ts";
import { TUNING_ALLOWED, TUNING_REFUSED } from "./tuning-cases.ts";

/** One operation to judge. */
export interface Case {
  readonly operation: string;
  readonly args: readonly unknown[];
  /** What the grant has; all that bridge and host-local ask for when absent. */
  readonly granted?: Readonly<Record<string, unknown>>;
  readonly facts?: Partial<CallFacts>;
  readonly why: string;
}

const ip = parseIpAddress;
const prefix = parseIpPrefix;
/** Arguments of `create-veth`. */
export const veth = (change: object): readonly unknown[] => [
  1,
  { ifname: "eth0", duplicateAddressDetection: "off", announce: true, ...change },
];

/** What the grant allows. */
export const ALLOWED: readonly Case[] = [
  { why: "a veth without a port", operation: "container-links.create-veth", args: veth({}) },
  {
    why: "a veth on the configured bridge",
    operation: "container-links.create-veth",
    args: veth({ port: { bridge: "br0" } }),
  },
  { why: "the call's own link", operation: "container-links.get", args: [1, "eth0"] },
  {
    why: "lo, which is named",
    operation: "container-links.get",
    args: [1, "lo"],
    granted: { "container-links": { links: ["lo"] } },
  },
  {
    why: "lo down, which is named",
    operation: "container-links.set-down",
    args: [1, "lo"],
    granted: { "container-links": { links: ["lo"], set: ["down"] } },
  },
  { why: "up", operation: "container-links.set-up", args: [1, "eth0", 0] },
  { why: "a link that the attachment made", operation: "container-links.delete", args: [1, "eth0"] },
  {
    why: "addresses that IPAM gave",
    operation: "container-addresses.add",
    args: [1, "eth0", [prefix("10.1.0.7/16"), prefix("2001:db8::7/64")]],
  },
  { why: "no addresses", operation: "container-addresses.add", args: [1, "eth0", []] },
  {
    why: "reading",
    operation: "container-addresses.list",
    args: [1, "lo"],
    granted: { "container-addresses": { from: "loopback", links: ["lo"] } },
  },
  { why: "the main table by its absence", operation: "container-routes.add", args: [1, "eth0", [{}], "append"] },
  { why: "the main table as 0", operation: "container-routes.add", args: [1, "eth0", [{ table: 0 }], "append"] },
  {
    why: "any table",
    operation: "container-routes.add",
    args: [1, "eth0", [{ table: 100 }], "append"],
    granted: { "container-routes": { tables: "any" } },
  },
  ...ROUTING_ALLOWED,
  ...TUNING_ALLOWED,
  ...SHAPING_ALLOWED,
  ...PORTS_ALLOWED,
  ...LEASES_ALLOWED,
  { why: "the configured bridge", operation: "node-links.ensure-bridge", args: [{ name: "br0" }] },
  {
    why: "the default, where nothing is configured",
    operation: "node-links.ensure-bridge",
    args: [{ name: "cni0" }],
    facts: { configuration: {} },
  },
  {
    why: "the default, where an empty text is configured",
    operation: "node-links.ensure-bridge",
    args: [{ name: "cni0" }],
    facts: { configuration: { bridge: "" } },
  },
  { why: "a link that the attachment made", operation: "node-links.get", args: ["veth1"] },
  { why: "the bridge, to read", operation: "node-links.get", args: ["br0"] },
  {
    why: "a link that is listed",
    operation: "node-links.get",
    args: ["eth9"],
    granted: { "node-links": { read: ["eth9"] } },
  },
  { why: "a link that the attachment made", operation: "node-links.wait-until-up", args: ["veth1", 1000] },
  {
    why: "a gateway in the network of an address",
    operation: "node-addresses.ensure",
    args: ["br0", [prefix("10.1.0.1/16")], false],
  },
  {
    why: "replacing, where configured",
    operation: "node-addresses.ensure",
    args: ["br0", [], true],
    facts: { configuration: { bridge: "br0", forceAddress: true } },
  },
  { why: "the granted family", operation: "node-forwarding.enable", args: ["ipv4"] },
  { why: "an address that was given", operation: "masquerade.set", args: [[prefix("10.1.0.7/16")]] },
  { why: "forwarding for an address that was given", operation: "forward-rules.allow", args: [[ip("10.1.0.7")]] },
  { why: "the configured isolation", operation: "forward-rules.isolate", args: ["br0", "same-bridge"] },
  { why: "no isolation", operation: "forward-rules.isolate", args: ["br0", "open"] },
  {
    why: "a zone that the grant names",
    operation: "forward-rules.allow",
    args: [[ip("10.1.0.7")], "firewalld", "trusted"],
    granted: { "forward-rules": { backends: ["firewalld"], zones: ["trusted"] } },
  },
  {
    why: "a zone that means nothing, since firewalld is not asked",
    operation: "forward-rules.allow",
    args: [[ip("10.1.0.7")], null, "trusted"],
  },
  { why: "how a bridge is isolated", operation: "forward-rules.isolation-of", args: ["br0"] },
  { why: "the configured IPAM plugin", operation: "ipam.add", args: ["host-local"] },
  { why: "the configured file", operation: "resolver-file.read", args: ["/etc/resolv.conf"] },
  { why: "logging", operation: "log.write", args: ["info", "x"] },
];

/** What it does not, each for one reason. */
export const REFUSED: readonly Case[] = [
  ...ROUTING_REFUSED,
  ...TUNING_REFUSED,
  ...SHAPING_REFUSED,
  ...PORTS_REFUSED,
  ...LEASES_REFUSED,
  { why: "another ifname", operation: "container-links.create-veth", args: veth({ ifname: "eth1" }) },
  { why: "no options", operation: "container-links.create-veth", args: [1] },
  {
    why: "a bridge that the configuration does not name",
    operation: "container-links.create-veth",
    args: veth({ port: { bridge: "cni0" } }),
  },
  {
    why: "a bridge without a grant of node-links",
    operation: "container-links.create-veth",
    args: veth({ port: { bridge: "br0" } }),
    granted: { "container-links": { kinds: ["veth"] } },
  },
  { why: "a port that is no record", operation: "container-links.create-veth", args: veth({ port: "br0" }) },
  { why: "a name for the node's end", operation: "container-links.create-veth", args: veth({ nodeName: "eth7" }) },
  { why: "no kinds", operation: "container-links.create-veth", args: veth({}), granted: { "container-links": {} } },
  { why: "lo, which is not named", operation: "container-links.get", args: [1, "lo"] },
  { why: "down, which is not granted", operation: "container-links.set-down", args: [1, "eth0"] },
  {
    why: "the own link, which is not named",
    operation: "container-links.set-up",
    args: [1, "eth0", 0],
    granted: { "container-links": { links: ["lo"], set: ["up"] } },
  },
  {
    why: "a link that somebody else made",
    operation: "container-links.delete",
    args: [1, "eth0"],
    facts: { ownedContainerLinks: new Set() },
  },
  {
    why: "an address that was not given",
    operation: "container-addresses.add",
    args: [1, "eth0", [prefix("10.1.0.8/16")]],
  },
  { why: "another prefix length", operation: "container-addresses.add", args: [1, "eth0", [prefix("10.1.0.7/8")]] },
  {
    why: "one good and one bad",
    operation: "container-addresses.add",
    args: [1, "eth0", [prefix("10.1.0.7/16"), prefix("10.1.0.8/16")]],
  },
  { why: "an address as text", operation: "container-addresses.add", args: [1, "eth0", ["10.1.0.7/16"]] },
  { why: "addresses that are no list", operation: "container-addresses.add", args: [1, "eth0", { length: 0 }] },
  {
    why: "adding where only reading is granted",
    operation: "container-addresses.add",
    args: [1, "lo", []],
    granted: { "container-addresses": { from: "loopback", links: ["lo"] } },
  },
  { why: "another link", operation: "container-addresses.list", args: [1, "eth1"] },
  { why: "another table", operation: "container-routes.add", args: [1, "eth0", [{}, { table: 100 }], "append"] },
  {
    why: "the local table, which any does not have",
    operation: "container-routes.add",
    args: [1, "eth0", [{ table: 255 }], "append"],
    granted: { "container-routes": { tables: "any" } },
  },
  { why: "a table as text", operation: "container-routes.add", args: [1, "eth0", [{ table: "254" }], "append"] },
  { why: "replacing without delete", operation: "container-routes.add", args: [1, "eth0", [{}], "replace"] },
  { why: "deleting without delete", operation: "container-routes.delete", args: [1, "eth0", [{}]] },
  {
    why: "a bridge that the configuration does not name",
    operation: "node-links.ensure-bridge",
    args: [{ name: "cni0" }],
  },
  { why: "no name", operation: "node-links.ensure-bridge", args: [{}] },
  {
    why: "a name that the configuration has as a number",
    operation: "node-links.ensure-bridge",
    args: [{ name: 1 }],
    facts: { configuration: { bridge: 1 } },
  },
  {
    why: "a name that is not among the allowed",
    operation: "node-links.ensure-bridge",
    args: [{ name: "br0" }],
    granted: { "node-links": { bridges: [{ configuration: "/bridge", among: ["br1"] }] } },
  },
  { why: "a link of somebody else", operation: "node-links.get", args: ["eth9"] },
  { why: "waiting for the bridge", operation: "node-links.wait-until-up", args: ["br0", 0] },
  { why: "a gateway outside", operation: "node-addresses.ensure", args: ["br0", [prefix("10.2.0.1/16")], false] },
  {
    why: "a gateway with another prefix length",
    operation: "node-addresses.ensure",
    args: ["br0", [prefix("10.1.0.1/8")], false],
  },
  {
    why: "a gateway before IPAM gave anything",
    operation: "node-addresses.ensure",
    args: ["br0", [prefix("10.1.0.1/16")], false],
    facts: { givenAddresses: [] },
  },
  { why: "replacing, where not configured", operation: "node-addresses.ensure", args: ["br0", [], true] },
  { why: "replacing by something else than false", operation: "node-addresses.ensure", args: ["br0", [], "no"] },
  { why: "another link", operation: "node-addresses.list", args: ["eth0"] },
  { why: "another family", operation: "node-forwarding.enable", args: ["ipv6"] },
  { why: "an address that was not given", operation: "masquerade.set", args: [[prefix("10.1.0.8/16")]] },
  { why: "forwarding for another address", operation: "forward-rules.allow", args: [[ip("10.1.0.7"), ip("10.1.0.8")]] },
  { why: "forwarding for what is no list", operation: "forward-rules.allow", args: [ip("10.1.0.7")] },
  { why: "firewalld, which is not granted", operation: "forward-rules.allow", args: [[ip("10.1.0.7")], "firewalld"] },
  {
    why: "another zone",
    operation: "forward-rules.allow",
    args: [[ip("10.1.0.7")], null, "work"],
    granted: { "forward-rules": { backends: ["nftables", "firewalld"], zones: ["trusted"] } },
  },
  { why: "another isolation", operation: "forward-rules.isolate", args: ["br0", "isolated"] },
  {
    why: "an isolation that the grant does not name",
    operation: "forward-rules.isolate",
    args: ["br0", "total"],
    facts: { configuration: { ingressPolicy: "total" } },
  },
  {
    why: "how a bridge is isolated, without a grant to isolate",
    operation: "forward-rules.isolation-of",
    args: ["br0"],
    granted: { "forward-rules": {} },
  },
  { why: "another IPAM plugin", operation: "ipam.add", args: ["static"] },
  { why: "no IPAM plugin", operation: "ipam.add", args: [] },
  { why: "another file", operation: "resolver-file.read", args: ["/etc/shadow"] },
  {
    why: "a file by another way",
    operation: "resolver-file.read",
    args: ["/etc/../etc/shadow"],
    facts: { configuration: { ipam: { resolvConf: "/etc/../etc/shadow" } } },
  },
  { why: "an unknown function", operation: "container-links.toString", args: [1, "eth0"] },
  { why: "an unknown capability", operation: "container-vrfs.join", args: [] },
  { why: "a name that is on every object", operation: "constructor.name", args: [] },
  { why: "no dot", operation: "log", args: [] },
  { why: "nothing", operation: "", args: [] },
];
