import { describe, expect, test } from "vitest";

import { createHostLocal } from "../../guests/host-local/host-local.ts";
import { formatAddress, formatPrefix } from "../../guests/sdk/ip-text.ts";
import { type Call, failing, failureOf, record } from "./fakes.ts";
import { type LeaseStore, leaseStore } from "./lease-store.ts";
import { cidr, ip, requestOf, runtimeConfigOf } from "./requests.ts";

const DNS = { nameservers: ["192.0.2.3"], domain: "example", search: [], options: ["ndots:2"] };
const DUAL = { ranges: [[{ subnet: "10.1.2.0/24" }, { subnet: "10.2.2.0/24" }], [{ subnet: "2001:db8:1::/120" }]] };

function hostLocalWith(store: LeaseStore = leaseStore(), changes: Partial<LeaseStore["leases"]> = {}) {
  const calls: Call[] = [];
  const imports = { leases: { ...store.leases, ...changes }, resolverFile: { read: () => DNS } };
  return { calls, own: store.own, plugin: createHostLocal(record(imports, calls)) };
}

const args = (ips: string[]): object => ({ args: { cni: { ips } } });

describe("ADD", () => {
  test("gives the first free address of each set, with prefix, gateway and routes in order", () => {
    const { plugin } = hostLocalWith();
    const routes = [{ dst: "0.0.0.0/0" }, { dst: "2001:db8:2::/64" }, { dst: "192.168.0.0/16", gw: "10.1.2.9" }];
    const result = plugin.add(requestOf({ ipam: { ...DUAL, routes } }));
    expect(result.ips).toEqual([
      { address: cidr("10.1.2.2/24"), gateway: ip("10.1.2.1") },
      { address: cidr("2001:db8:1::2/120"), gateway: ip("2001:db8:1::1") },
    ]);
    expect(result.routes.map(({ destination }) => formatPrefix(destination))).toEqual([
      "0.0.0.0/0",
      "2001:db8:2::/64",
      "192.168.0.0/16",
    ]);
    expect(result.dns).toBeUndefined();
  });

  test("asks for one address of each set, and nothing else", () => {
    const { calls, plugin } = hostLocalWith();
    plugin.add(requestOf({ ipam: DUAL }));
    expect(calls.map(([name]) => name)).toEqual(["leases.reserveNext", "leases.reserveNext"]);
    expect(calls[0]?.slice(1)).toEqual([
      0,
      [
        { first: ip("10.1.2.1"), last: ip("10.1.2.254") },
        { first: ip("10.2.2.1"), last: ip("10.2.2.254") },
      ],
      [ip("10.1.2.1"), ip("10.2.2.1")],
    ]);
  });

  /** The reference plugin's table of round robin: what is taken, what was given last, what is given. */
  const ROUND_ROBIN: readonly { title: string; ranges: object[]; taken: string[]; last?: string; given: string }[] = [
    { title: "fresh", ranges: [{ subnet: "10.0.0.0/29" }], taken: [], given: "10.0.0.2" },
    { title: "fresh /30", ranges: [{ subnet: "10.0.0.0/30" }], taken: [], given: "10.0.0.2" },
    { title: "a hole", ranges: [{ subnet: "10.0.0.0/29" }], taken: ["10.0.0.2"], given: "10.0.0.3" },
    {
      title: "after the last one",
      ranges: [{ subnet: "10.0.0.0/29" }],
      taken: [],
      last: "10.0.0.3",
      given: "10.0.0.4",
    },
    { title: "around the end", ranges: [{ subnet: "10.0.0.0/29" }], taken: [], last: "10.0.0.6", given: "10.0.0.2" },
    {
      title: "around the end, over what is taken",
      ranges: [{ subnet: "10.0.0.0/29" }],
      taken: ["10.0.0.4", "10.0.0.5"],
      last: "10.0.0.3",
      given: "10.0.0.6",
    },
    {
      title: "last one out of range",
      ranges: [{ subnet: "10.0.0.0/29" }],
      taken: [],
      last: "10.0.0.128",
      given: "10.0.0.2",
    },
    {
      title: "on to the next subnet",
      ranges: [{ subnet: "10.0.0.0/30" }, { subnet: "10.0.1.0/30" }],
      taken: ["10.0.0.2"],
      given: "10.0.1.2",
    },
    {
      title: "back to the first subnet",
      ranges: [{ subnet: "10.0.0.0/30" }, { subnet: "10.0.1.0/30" }],
      taken: [],
      last: "10.0.1.2",
      given: "10.0.0.2",
    },
    {
      title: "over another gateway",
      ranges: [{ subnet: "10.0.0.0/29", gateway: "10.0.0.2" }],
      taken: ["10.0.0.1"],
      given: "10.0.0.3",
    },
  ];

  test.for(ROUND_ROBIN)("round robin, $title: $given", ({ ranges, taken, last, given }) => {
    const { plugin } = hostLocalWith(leaseStore(taken, last === undefined ? {} : { 0: last }));
    const [first] = plugin.add(requestOf({ ipam: { ranges: [ranges] } })).ips;
    expect(first === undefined ? undefined : formatAddress(first.address.address)).toBe(given);
  });

  test("never gives the broadcast address", () => {
    const { plugin } = hostLocalWith(leaseStore(["10.0.0.2"]));
    const failure = failureOf(() => plugin.add(requestOf({ ipam: { subnet: "10.0.0.0/30" } })));
    expect(failure).toMatchObject({ code: 108, message: "no address is free in range set 10.0.0.1-10.0.0.2" });
  });

  test("a second time for the same attachment fails, and leaves the first address alone", () => {
    const { own, plugin } = hostLocalWith();
    plugin.add(requestOf({ ipam: { subnet: "10.1.2.0/24" } }));
    const failure = failureOf(() => plugin.add(requestOf({ ipam: { subnet: "10.1.2.0/24" } })));
    expect(failure).toMatchObject({ code: 109 });
    expect(failure.message).toContain("10.1.2.2 is allocated to one eth0 already");
    expect(own).toHaveLength(1);
  });

  test("releases what it reserved when a later set is full", () => {
    const { own, plugin } = hostLocalWith(leaseStore(["10.0.0.2"]));
    const ipam = { ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.0.0.0/30" }]] };
    expect(failureOf(() => plugin.add(requestOf({ ipam }))).code).toBe(108);
    expect(own).toEqual([]);
  });

  test("releases nothing of an earlier ADD", () => {
    const store = leaseStore();
    store.own.push({ address: ip("10.3.0.2"), setIndex: 1 });
    const { own, plugin } = hostLocalWith(store);
    const ipam = { ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.3.0.0/24" }]] };
    expect(failureOf(() => plugin.add(requestOf({ ipam }))).code).toBe(109);
    expect(own.map(({ address }) => formatAddress(address))).toContain("10.3.0.2");
  });

  test("says what the host refused", () => {
    const { plugin } = hostLocalWith(leaseStore(), { reserveNext: failing("not-permitted") });
    expect(failureOf(() => plugin.add(requestOf({ ipam: { subnet: "10.1.2.0/24" } }))).code).toBe(101);
  });
});

describe("addresses that are asked for", () => {
  test("are given, each from the set that has it", () => {
    const { calls, plugin } = hostLocalWith();
    const result = plugin.add(requestOf({ ipam: DUAL, ...args(["2001:db8:1::99/120", "10.2.2.88"]) }));
    expect(
      result.ips.map(({ address, gateway }) => [
        formatPrefix(address),
        gateway === undefined ? "" : formatAddress(gateway),
      ]),
    ).toEqual([
      ["10.2.2.88/24", "10.2.2.1"],
      ["2001:db8:1::99/120", "2001:db8:1::1"],
    ]);
    expect(calls.map(([name]) => name)).toEqual(["leases.reserve", "leases.reserve"]);
  });

  test("come from the runtime as well", () => {
    const { plugin } = hostLocalWith();
    const runtimeConfig = runtimeConfigOf({ ips: [{ address: ip("10.1.2.88"), prefixLength: 24 }] });
    expect(plugin.add(requestOf({ ipam: DUAL }, { runtimeConfig })).ips[0]?.address).toEqual(cidr("10.1.2.88/24"));
  });

  const REFUSED = [
    { title: "taken", ips: ["10.1.2.50"], names: "10.1.2.50 is not available in range set" },
    { title: "a gateway", ips: ["10.1.2.1"], names: "10.1.2.1 is a gateway" },
    { title: "in no set", ips: ["10.1.2.9", "192.0.2.1"], names: "no range set has 192.0.2.1 (args.cni.ips[1])" },
    { title: "a second one of a set", ips: ["10.1.2.9", "10.1.2.10"], names: "no range set has 10.1.2.10" },
    { title: "the broadcast address", ips: ["10.1.2.255"], names: "no range set has 10.1.2.255" },
  ];

  test.for(REFUSED)("are refused when they are $title, and nothing stays reserved", ({ ips, names }) => {
    const { own, plugin } = hostLocalWith(leaseStore(["10.1.2.50"]));
    const failure = failureOf(() => plugin.add(requestOf({ ipam: DUAL, ...args(ips) })));
    expect(failure.message).toContain(names);
    expect(failure.code).toBe(108);
    expect(own).toEqual([]);
  });
});

describe("resolvConf", () => {
  test("is read before anything is reserved", () => {
    const { calls, plugin } = hostLocalWith();
    expect(plugin.add(requestOf({ ipam: { subnet: "10.1.2.0/24", resolvConf: "/etc/resolv.conf" } })).dns).toEqual(DNS);
    expect(calls[0]).toEqual(["resolverFile.read", "/etc/resolv.conf"]);
  });
});

describe("DEL", () => {
  test("releases whatever the attachment has, whatever the configuration", () => {
    const { calls, plugin } = hostLocalWith();
    plugin.del(requestOf({}, { configuration: "not JSON" }));
    plugin.del(requestOf({}));
    expect(calls).toEqual([["leases.release"], ["leases.release"]]);
  });
});

describe("CHECK", () => {
  const previousResult = { interfaces: [], ips: [{ address: cidr("10.1.2.2/24") }], routes: [] };

  test("passes an attachment with its address, and addresses of others in the result", () => {
    const { plugin } = hostLocalWith();
    plugin.add(requestOf({ ipam: { subnet: "10.1.2.0/24" } }));
    const ips = [...previousResult.ips, { address: cidr("172.16.0.2/24") }];
    expect(() =>
      plugin.check(requestOf({ ipam: { subnet: "10.1.2.0/24" } }, { previousResult: { ...previousResult, ips } })),
    ).not.toThrow();
  });

  test("fails without a lease, and with another address", () => {
    const { own, plugin } = hostLocalWith();
    const request = requestOf({ ipam: { subnet: "10.1.2.0/24" } }, { previousResult });
    expect(failureOf(() => plugin.check(request)).message).toContain("no address is allocated");
    own.push({ address: ip("10.1.2.3"), setIndex: 0 });
    expect(failureOf(() => plugin.check(request)).message).toContain("10.1.2.2 is not allocated");
  });
});

describe("STATUS", () => {
  test("passes while each set has a free address", () => {
    expect(() => hostLocalWith().plugin.status(requestOf({ ipam: DUAL }))).not.toThrow();
  });

  test("is code 50 when one set has none", () => {
    const { plugin } = hostLocalWith(leaseStore(["10.0.0.2"]));
    const ipam = { ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.0.0.0/30" }]] };
    expect(failureOf(() => plugin.status(requestOf({ ipam })))).toMatchObject({
      code: 50,
      message: "no address is free in range set 10.0.0.1-10.0.0.2",
    });
  });

  test("is code 50 for a configuration that cannot work", () => {
    expect(failureOf(() => hostLocalWith().plugin.status(requestOf({ ipam: {} }))).code).toBe(50);
    expect(
      failureOf(() =>
        hostLocalWith(leaseStore(), { countFree: failing("unavailable") }).plugin.status(requestOf({ ipam: DUAL })),
      ).code,
    ).toBe(50);
  });
});
