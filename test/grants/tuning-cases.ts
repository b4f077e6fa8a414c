/**
 * @module Operations on settings and attributes of links, allowed and refused, for the test of decide().
 */
import type { Case } from "./decide-cases.ts";

const setting = (name: string, value: unknown): object => ({ name, value });

/** What the grant allows. */
export const TUNING_ALLOWED: readonly Case[] = [
  {
    why: "granted attributes of the own link",
    operation: "container-link-attributes.set",
    args: [1, "eth0", { mtuBytes: 1400, mac: [2, 0, 0, 0, 0, 1] }],
  },
  { why: "nothing", operation: "container-link-attributes.set", args: [1, "eth0", {}] },
  { why: "the own link", operation: "container-link-attributes.restore", args: [1, "eth0"] },
  {
    why: "what the configuration asks for, with a granted value",
    operation: "container-sysctls.set",
    args: [1, [{ name: "net.core.somaxconn", value: "500" }]],
  },
  {
    why: "the own link by its name, with any value",
    operation: "container-sysctls.set",
    args: [1, [setting("net.ipv4.conf.eth0.arp_filter", "1"), setting("net.ipv4.conf.eth0.arp_ignore", "2")]],
  },
  {
    why: "an own link with a dot",
    operation: "container-sysctls.set",
    args: [1, [setting("net.ipv4.conf.eth0/7.arp_filter", "1")]],
    facts: { ifname: "eth0.7" },
  },
  {
    why: "what is named, whatever is configured",
    operation: "container-sysctls.set",
    args: [1, [setting("net.ipv4.tcp_keepalive_time", "60")]],
    granted: { "container-sysctls": { names: ["net.ipv4.*"] } },
  },
  {
    why: "reading what the configuration asks for",
    operation: "container-sysctls.get",
    args: [1, ["net.core.somaxconn"]],
  },
];

/** What it does not, each for one reason. */
export const TUNING_REFUSED: readonly Case[] = [
  {
    why: "an attribute that is not granted",
    operation: "container-link-attributes.set",
    args: [1, "eth0", { mtuBytes: 1400, promiscuous: false }],
  },
  { why: "another link", operation: "container-link-attributes.set", args: [1, "eth1", {}] },
  { why: "another link", operation: "container-link-attributes.restore", args: [1, "lo"] },
  ...[
    { why: "a value that is not granted", name: "net.core.somaxconn", value: "600" },
    { why: "a value that is no text", name: "net.core.somaxconn", value: 500 },
    { why: "no value", name: "net.core.somaxconn", value: undefined },
    { why: "a name that is configured and not granted", name: "net.core.rmem_max", value: "1" },
    { why: "another link, though configured", name: "net.ipv4.conf.eth1.arp_filter", value: "1" },
    { why: "a name that is not configured", name: "net.ipv4.conf.eth0.rp_filter", value: "1" },
    { why: "another value than the configured one", name: "net.ipv4.conf.eth0.arp_filter", value: "2" },
    { why: "the name as it is written in the configuration", name: "net/ipv4/conf/IFNAME/arp_filter", value: "1" },
    { why: "a dot that is none", name: "net.core/somaxconn", value: "500" },
  ].map(({ why, name, value }) => ({ why, operation: "container-sysctls.set", args: [1, [setting(name, value)]] })),
  ...["kernel.panic", "net", "net..core", "net././/.kernel.panic", "net.core.somaxconn\0", "net.core.\n", "", 5].map(
    (name) => ({
      why: `${JSON.stringify(name)}, which is no setting of the network`,
      operation: "container-sysctls.set",
      args: [1, [{ name, value: "1" }]],
      granted: { "container-sysctls": { names: ["net.**"] } },
    }),
  ),
  {
    why: "one good and one bad",
    operation: "container-sysctls.set",
    args: [1, [setting("net.core.somaxconn", "500"), setting("net.core.rmem_max", "1")]],
  },
  { why: "settings that are no list", operation: "container-sysctls.set", args: [1, { length: 0 }] },
  { why: "reading what is not granted", operation: "container-sysctls.get", args: [1, ["net.core.rmem_max"]] },
];
