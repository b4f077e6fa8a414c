import { expect, test } from "vitest";
import type { Capabilities } from "../../host/grants/grant.ts";
import { parseCapabilities } from "../../host/grants/grant.ts";
import { uncoveredValues, ungrantedCapabilities } from "../../host/grants/uncovered.ts";
import { ALL, FACTS } from "./scenes.ts";

const with_ = (change: object): Capabilities => parseCapabilities({ ...ALL, ...change });

test("what is asked for is covered by itself", () => {
  expect(uncoveredValues(ALL, ALL, FACTS)).toEqual([]);
  expect(ungrantedCapabilities(ALL, ALL)).toEqual([]);
});

test.for([
  {
    title: "another bridge",
    granted: { "node-links": { bridges: ["cni0"] } },
    want: [{ capability: "node-links", field: "bridges", value: "br0" }],
  },
  { title: "the very bridge", granted: { "node-links": { bridges: ["br0"] } }, want: [] },
  {
    title: "a bridge among others",
    granted: { "node-links": { bridges: [{ configuration: "/bridge", among: ["br1", "br2"] }] } },
    want: [{ capability: "node-links", field: "bridges", value: "br0" }],
  },
  {
    title: "no IPAM plugin",
    granted: { ipam: { types: ["static"] } },
    want: [{ capability: "ipam", field: "types", value: "host-local" }],
  },
])("a grant of $title", ({ granted, want }) => {
  expect(uncoveredValues(ALL, with_(granted), FACTS)).toEqual(want);
});

test("subnets that lie in a granted one are covered, others are not", () => {
  const asked = parseCapabilities({
    leases: { subnets: [{ configuration: "/ipam/subnet" }, { configuration: "/ipam/ranges/*/*/subnet" }] },
  });
  const granted = (...subnets: string[]): Capabilities => parseCapabilities({ leases: { subnets } });
  const missing = (capabilities: Capabilities): readonly string[] =>
    uncoveredValues(asked, capabilities, FACTS).map(({ value }) => value);
  expect(missing(granted("10.0.0.0/8", "2001:db8::/32"))).toEqual([]);
  expect(missing(granted("10.1.0.0/16"))).toEqual(["10.2.0.0/24", "2001:db8::/64"]);
  expect(missing({})).toEqual(["10.1.0.0/16", "10.2.0.0/24", "2001:db8::/64"]);
});

test("settings that the configuration asks for and the grant does not list are named", () => {
  const asked = parseCapabilities({ "container-sysctls": { names: ["net.**"], configuration: ["/sysctl"] } });
  const granted = (...names: unknown[]): Capabilities => parseCapabilities({ "container-sysctls": { names } });
  const facts = {
    ...FACTS,
    configuration: { sysctl: { "net.core.somaxconn": "500", "net.ipv4.conf.IFNAME.arp_filter": "1" } },
  };
  const missing = (capabilities: Capabilities): readonly string[] =>
    uncoveredValues(asked, capabilities, facts).map(({ value }) => value);
  expect(missing(asked)).toEqual([]);
  expect(missing(granted("net.core.*"))).toEqual(["net.ipv4.conf.eth0.arp_filter"]);
  expect(missing(granted({ name: "net.core.somaxconn", values: ["600"] }, "net.ipv4.**"))).toEqual([
    "net.core.somaxconn",
  ]);
  expect(missing({})).toEqual(["net.core.somaxconn", "net.ipv4.conf.eth0.arp_filter"]);
  // Before there is a call.
  const early = { ...facts, ifname: "" };
  expect(uncoveredValues(asked, asked, early)).toEqual([]);
  expect(uncoveredValues(asked, granted("net.core.*", "net.ipv4.conf.IFNAME.*"), early)).toEqual([]);
  expect(uncoveredValues(asked, granted("net.core.*", "net.ipv4.conf.eth0.*"), early)).toMatchObject([
    { value: "net.ipv4.conf.IFNAME.arp_filter" },
  ]);
});

test("a capability that is not granted at all is named", () => {
  const { ipam: _calls, masquerade: _masquerade, ...granted } = ALL;
  expect(ungrantedCapabilities(ALL, granted)).toEqual(["masquerade", "ipam"]);
});
