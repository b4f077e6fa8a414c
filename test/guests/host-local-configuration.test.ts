import { describe, expect, test } from "vitest";

import { readHostLocalConfiguration } from "../../guests/host-local/configuration.ts";
import { excludedOf, formatRangeSet } from "../../guests/host-local/ranges.ts";
import { formatAddress } from "../../guests/sdk/ip-text.ts";
import { failureOf } from "./fakes.ts";
import { cidr, ip, requestOf, runtimeConfigOf } from "./requests.ts";

const read = (ipam: object | undefined, rest = {}) =>
  readHostLocalConfiguration(requestOf(ipam === undefined ? {} : { ipam }, rest));
const setsOf = (ipam: object, rest = {}): string[] => read(ipam, rest).sets.map(formatRangeSet);

describe("ranges", () => {
  const RANGES: readonly { title: string; ipam: object; sets: readonly string[] }[] = [
    {
      title: "a /24 leaves out network and broadcast address",
      ipam: { subnet: "10.1.2.0/24" },
      sets: ["10.1.2.1-10.1.2.254"],
    },
    { title: "a /25 too", ipam: { subnet: "10.1.2.128/25" }, sets: ["10.1.2.129-10.1.2.254"] },
    { title: "the smallest IPv4 subnet", ipam: { subnet: "10.1.2.0/30" }, sets: ["10.1.2.1-10.1.2.2"] },
    {
      title: "IPv6 has no broadcast address",
      ipam: { subnet: "2001:db8:1::/64" },
      sets: ["2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff"],
    },
    { title: "the smallest IPv6 subnet", ipam: { subnet: "2001:db8:1::/126" }, sets: ["2001:db8:1::1-2001:db8:1::3"] },
    {
      title: "start and end",
      ipam: { ranges: [[{ subnet: "10.1.2.0/24", rangeStart: "10.1.2.9", rangeEnd: "10.1.2.20" }]] },
      sets: ["10.1.2.9-10.1.2.20"],
    },
    {
      title: "several sets, of several ranges",
      ipam: { ranges: [[{ subnet: "10.1.2.0/24" }, { subnet: "10.1.4.0/24" }], [{ subnet: "2001:db8::/120" }]] },
      sets: ["10.1.2.1-10.1.2.254,10.1.4.1-10.1.4.254", "2001:db8::1-2001:db8::ff"],
    },
    {
      title: "keys of old come first",
      ipam: { subnet: "10.1.2.0/24", rangeStart: "10.1.2.9", ranges: [[{ subnet: "10.1.4.0/24" }]] },
      sets: ["10.1.2.9-10.1.2.254", "10.1.4.1-10.1.4.254"],
    },
    {
      title: "two ranges of one subnet",
      ipam: {
        ranges: [
          [
            { subnet: "10.1.2.0/24", rangeEnd: "10.1.2.9" },
            { subnet: "10.1.2.0/24", rangeStart: "10.1.2.20" },
          ],
        ],
      },
      sets: ["10.1.2.1-10.1.2.9,10.1.2.20-10.1.2.254"],
    },
    { title: "keys of any case", ipam: { RANGES: [[{ Subnet: "10.1.2.0/24" }]] }, sets: ["10.1.2.1-10.1.2.254"] },
  ];

  test.for(RANGES)("$title", ({ ipam, sets }) => {
    expect(setsOf(ipam)).toEqual(sets);
  });

  test("of the runtime come before those of the configuration", () => {
    const ipRanges = [
      [{ subnet: cidr("11.1.2.0/24") }],
      [{ subnet: cidr("2001:db8::/120"), rangeStart: ip("2001:db8::9") }],
    ];
    expect(setsOf({ subnet: "10.1.2.0/24" }, { runtimeConfig: runtimeConfigOf({ ipRanges }) })).toEqual([
      "11.1.2.1-11.1.2.254",
      "2001:db8::9-2001:db8::ff",
      "10.1.2.1-10.1.2.254",
    ]);
    expect(setsOf({}, { runtimeConfig: runtimeConfigOf({ ipRanges }) })).toHaveLength(2);
  });

  const REFUSED: readonly { title: string; ipam: object | undefined; names: string; code?: number }[] = [
    { title: "no ipam", ipam: undefined, names: "ipam: want an object, got none" },
    { title: "no range", ipam: {}, names: "want a subnet or ranges" },
    { title: "an empty set", ipam: { ranges: [[{ subnet: "10.1.2.0/24" }], []] }, names: "range set 1 is empty" },
    {
      title: "a range without a subnet",
      ipam: { ranges: [[{ rangeStart: "10.1.2.9" }]] },
      names: "ipam.ranges[0][0].subnet: want a subnet, got none",
    },
    { title: "host bits", ipam: { subnet: "10.1.2.1/24" }, names: "10.1.2.0/24" },
    { title: "a /31", ipam: { subnet: "10.1.2.0/31" }, names: "too small" },
    { title: "a /127", ipam: { subnet: "2001:db8::/127" }, names: "too small" },
    {
      title: "a start outside",
      ipam: { subnet: "10.1.2.0/24", rangeStart: "10.1.3.0" },
      names: "ipam.rangeStart: want an address in 10.1.2.0/24",
    },
    { title: "an end outside", ipam: { subnet: "10.1.2.0/24", rangeEnd: "10.1.4.0" }, names: "ipam.rangeEnd" },
    {
      title: "a start of the other family",
      ipam: { subnet: "10.1.2.0/24", rangeStart: "::1" },
      names: "ipam.rangeStart",
    },
    {
      title: "an end before the start",
      ipam: { subnet: "10.1.2.0/24", rangeStart: "10.1.2.9", rangeEnd: "10.1.2.8" },
      names: "10.1.2.9 or later",
    },
    { title: "a gateway of the other family", ipam: { subnet: "10.1.2.0/24", gateway: "::1" }, names: "ipam.gateway" },
    {
      title: "mixed families",
      ipam: { ranges: [[{ subnet: "10.1.2.0/24" }, { subnet: "2001:db8::/64" }]] },
      names: "range set 0 mixes address families",
    },
    {
      title: "overlapping ranges",
      ipam: { ranges: [[{ subnet: "10.1.0.0/16" }, { subnet: "10.1.2.0/24" }]] },
      names: "range set 0: 10.1.0.1-10.1.255.254 and 10.1.2.1-10.1.2.254 overlap",
    },
    {
      title: "overlapping sets",
      ipam: { ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.1.2.0/25" }]] },
      names: "range sets 0 and 1 overlap",
    },
    { title: "a text for a subnet", ipam: { subnet: "10.1.2.0" }, names: "ipam.subnet" },
    {
      title: "a list that is too flat",
      ipam: { ranges: [{ subnet: "10.1.2.0/24" }] },
      names: "ipam.ranges[0]: want a list",
      code: 6,
    },
  ];

  test.for(REFUSED)("refuses $title", ({ ipam, names, code }) => {
    const failure = failureOf(() => read(ipam));
    expect(failure.message).toContain(names);
    expect(failure.code).toBe(code ?? 7);
  });

  test("one of each family is all that 0.2.0 has room for", () => {
    const old = { cniVersion: "0.2.0" };
    expect(() => read({ ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "2001:db8::/64" }]] }, old)).not.toThrow();
    expect(
      failureOf(() => read({ ranges: [[{ subnet: "10.1.2.0/24" }], [{ subnet: "10.1.3.0/24" }]] }, old)).code,
    ).toBe(7);
  });
});

describe("addresses that are never given", () => {
  const excluded = (ipam: object, index = 0): string[] => {
    const { sets } = read(ipam);
    return excludedOf(sets[index] ?? [], sets).map(formatAddress);
  };

  test("are the gateways", () => {
    expect(excluded({ subnet: "10.1.2.0/24" })).toEqual(["10.1.2.1"]);
    expect(excluded({ subnet: "10.1.2.0/24", gateway: "10.1.2.99" })).toEqual(["10.1.2.99"]);
    expect(excluded({ subnet: "10.1.2.0/24", gateway: "10.9.9.9" })).toEqual([]);
  });

  test("are the gateways of other ranges and sets too", () => {
    const ranges = [
      [
        { subnet: "10.1.2.0/24", rangeEnd: "10.1.2.9", gateway: "10.1.2.30" },
        { subnet: "10.1.2.0/24", rangeStart: "10.1.2.20", rangeEnd: "10.1.2.40", gateway: "10.1.2.5" },
      ],
      [{ subnet: "10.1.2.0/24", rangeStart: "10.1.2.50", gateway: "10.1.2.7" }],
    ];
    expect(excluded({ ranges })).toEqual(["10.1.2.5", "10.1.2.7", "10.1.2.30"]);
    expect(excluded({ ranges }, 1)).toEqual([]);
  });

  test("are the network's own and the broadcast address, even where a range has them", () => {
    const ipam = { subnet: "10.1.2.0/24", rangeStart: "10.1.2.0", rangeEnd: "10.1.2.255", gateway: "10.9.9.9" };
    expect(excluded(ipam)).toEqual(["10.1.2.0", "10.1.2.255"]);
    expect(excluded({ subnet: "2001:db8::/64", rangeStart: "2001:db8::", gateway: "fe80::1" })).toEqual(["2001:db8::"]);
  });
});

describe("addresses that are asked for", () => {
  const requested = (rest: object, ipam: object = { subnet: "10.1.2.0/24" }, args?: object): string[] =>
    readHostLocalConfiguration(requestOf({ ipam, ...(args === undefined ? {} : { args }) }, rest)).requested.map(
      ({ address }) => formatAddress(address),
    );

  const inArgs = { args: [{ name: "IP", value: "10.1.2.10" }] };
  const atRuntime = { runtimeConfig: runtimeConfigOf({ ips: [{ address: ip("10.1.2.12") }] }) };
  const inConfiguration = { cni: { ips: ["10.1.2.11/24"] } };
  const IPAM = { subnet: "10.1.2.0/24" };
  const PRECEDENCE: readonly { title: string; got: () => string[]; wanted: readonly string[] }[] = [
    { title: "CNI_ARGS where nothing else has one", got: () => requested(inArgs), wanted: ["10.1.2.10"] },
    { title: "the runtime, not CNI_ARGS", got: () => requested({ ...inArgs, ...atRuntime }), wanted: ["10.1.2.12"] },
    { title: "args.cni, not CNI_ARGS", got: () => requested(inArgs, IPAM, inConfiguration), wanted: ["10.1.2.11"] },
    {
      title: "args.cni and the runtime together",
      got: () => requested({ ...inArgs, ...atRuntime }, IPAM, inConfiguration),
      wanted: ["10.1.2.11", "10.1.2.12"],
    },
    {
      title: "CNI_ARGS beside an empty list",
      got: () => requested(inArgs, IPAM, { cni: { ips: [] } }),
      wanted: ["10.1.2.10"],
    },
    {
      title: "the runtime, though CNI_ARGS have what is no address",
      got: () => requested({ ...atRuntime, args: [{ name: "IP", value: "none" }] }),
      wanted: ["10.1.2.12"],
    },
  ];
  test.for(PRECEDENCE)("come from $title", ({ got, wanted }) => {
    expect(got()).toEqual(wanted);
  });

  test("count once where both sources have the same", () => {
    const same = { runtimeConfig: runtimeConfigOf({ ips: [{ address: ip("10.1.2.11"), prefixLength: 24 }] }) };
    expect(requested(same, IPAM, inConfiguration)).toEqual(["10.1.2.11"]);
  });

  test("may have a prefix, which is passed over", () => {
    expect(requested({ args: [{ name: "IP", value: "10.1.2.10/24" }] })).toEqual(["10.1.2.10"]);
  });

  test("that are none are refused, naming where", () => {
    expect(failureOf(() => requested({ args: [{ name: "IP", value: "10.1.2" }] })).message).toContain("CNI_ARGS IP");
    expect(failureOf(() => requested({}, undefined, { cni: { ips: ["x"] } })).message).toContain("args.cni.ips[0]");
  });

  test("other CNI_ARGS are refused unless they may be passed over", () => {
    const args = [{ name: "K8S_POD_NAME", value: "x" }];
    expect(failureOf(() => requested({ args })).code).toBe(4);
    expect(requested({ args: [...args, { name: "IgnoreUnknown", value: "1" }] })).toEqual([]);
  });
});
