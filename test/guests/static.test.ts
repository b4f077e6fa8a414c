import { describe, expect, test } from "vitest";

import { formatAddress, formatPrefix } from "../../guests/sdk/ip-text.ts";
import { createStatic } from "../../guests/static/static.ts";
import { failureOf } from "./fakes.ts";
import { cidr, ip, requestOf, runtimeConfigOf } from "./requests.ts";

const plugin = createStatic();
const IPAM = {
  addresses: [
    { address: "10.10.0.1/24", gateway: "10.10.0.254" },
    { address: "3ffe:ffff:0:1ff::1/64", gateway: "3ffe:ffff:0::1" },
  ],
};
const args = (ip_: string, gateway?: string): { name: string; value: string }[] => [
  { name: "IP", value: ip_ },
  ...(gateway === undefined ? [] : [{ name: "GATEWAY", value: gateway }]),
];
const add = (configuration: object, rest = {}): string[] =>
  plugin
    .add(requestOf(configuration, rest))
    .ips.map(
      ({ address, gateway }) =>
        `${formatPrefix(address)}${gateway === undefined ? "" : ` via ${formatAddress(gateway)}`}`,
    );

describe("ADD", () => {
  test("gives the addresses, routes and dns of the configuration, in order", () => {
    const routes = [
      { dst: "0.0.0.0/0" },
      { dst: "192.168.0.0/16", gw: "10.10.5.1" },
      { dst: "192.168.0.0/16", gw: "10.10.5.2" },
    ];
    const result = plugin.add(requestOf({ ipam: { ...IPAM, routes, dns: { nameservers: ["8.8.8.8"] } } }));
    expect(result.ips).toEqual([
      { address: cidr("10.10.0.1/24"), gateway: ip("10.10.0.254") },
      { address: cidr("3ffe:ffff:0:1ff::1/64"), gateway: ip("3ffe:ffff:0::1") },
    ]);
    expect(result.routes.map(({ gateway }) => (gateway === undefined ? "" : formatAddress(gateway)))).toEqual([
      "",
      "10.10.5.1",
      "10.10.5.2",
    ]);
    expect(result.dns?.nameservers).toEqual(["8.8.8.8"]);
  });

  test("without any address gives none: the main plugin decides whether that is enough", () => {
    expect(add({ ipam: {} })).toEqual([]);
  });

  test("keeps the host bits", () => {
    expect(add({ ipam: { addresses: [{ address: "10.10.0.77/24" }] } })).toEqual(["10.10.0.77/24"]);
  });
});

describe("where addresses come from", () => {
  const withArgs = { ipam: IPAM, args: { cni: { ips: ["10.20.0.1/24"] } } };
  const runtimeConfig = runtimeConfigOf({ ips: [{ address: ip("10.30.0.1"), prefixLength: 24 }] });

  test("CNI_ARGS come after those of the configuration", () => {
    expect(
      add({ ipam: { addresses: [{ address: "10.9.0.1/24" }] } }, { args: args("10.10.0.1/24", "10.10.0.254") }),
    ).toEqual(["10.9.0.1/24", "10.10.0.1/24 via 10.10.0.254"]);
  });

  test("CNI_ARGS may have several, each with the gateway of its subnet", () => {
    expect(
      add({ ipam: {} }, { args: args("10.10.0.1/24, 11.11.0.1/24,12.12.0.1/24", "11.11.0.254,10.10.0.254") }),
    ).toEqual(["10.10.0.1/24 via 10.10.0.254", "11.11.0.1/24 via 11.11.0.254", "12.12.0.1/24"]);
  });

  test("args.cni.ips come instead of both, without gateways", () => {
    expect(add(withArgs, { args: args("10.10.0.1/24") })).toEqual(["10.20.0.1/24"]);
  });

  test("the runtime's come instead of all", () => {
    expect(add(withArgs, { args: args("10.10.0.1/24"), runtimeConfig })).toEqual(["10.30.0.1/24"]);
  });

  const REFUSED: readonly { title: string; configuration: object; rest?: object; names: string; code?: number }[] = [
    { title: "no ipam", configuration: {}, names: "ipam: want an object, got none" },
    { title: "no ipam, with args", configuration: { args: { cni: { ips: ["10.20.0.1/24"] } } }, names: "ipam" },
    {
      title: "the configuration",
      configuration: { ipam: { addresses: [{ address: "10.10.0.1" }] } },
      names: "ipam.addresses[0].address",
    },
    {
      title: "an entry without an address",
      configuration: { ipam: { addresses: [{ gateway: "10.10.0.1" }] } },
      names: "ipam.addresses[0].address",
    },
    {
      title: "a gateway",
      configuration: { ipam: { addresses: [{ address: "10.10.0.1/24", gateway: "x" }] } },
      names: "ipam.addresses[0].gateway",
    },
    { title: "CNI_ARGS IP", configuration: { ipam: {} }, rest: { args: args("10.10.0.1") }, names: "CNI_ARGS IP" },
    {
      title: "CNI_ARGS GATEWAY",
      configuration: { ipam: {} },
      rest: { args: args("10.10.0.1/24", "x") },
      names: "CNI_ARGS GATEWAY",
    },
    {
      title: "args.cni.ips",
      configuration: { ipam: {}, args: { cni: { ips: ["10.20.0.1/24", "10.20.0.1"] } } },
      names: "args.cni.ips[1]",
    },
    {
      title: "the runtime",
      configuration: { ipam: {} },
      rest: { runtimeConfig: runtimeConfigOf({ ips: [{ address: ip("10.30.0.1") }] }) },
      names: "runtimeConfig.ips[0]",
    },
    {
      title: "addresses that are no list",
      configuration: { ipam: { addresses: "10.10.0.1/24" } },
      names: "ipam.addresses",
      code: 6,
    },
    {
      title: "two of a family before 0.3.0",
      configuration: { ipam: {} },
      rest: { cniVersion: "0.2.0", args: args("10.10.0.1/24,11.11.0.1/24") },
      names: "0.2.0",
    },
  ];

  test.for(REFUSED)("errors name the source: $title", ({ configuration, rest, names, code }) => {
    const failure = failureOf(() => add(configuration, rest));
    expect(failure.message).toContain(names);
    expect(failure.code).toBe(code ?? 7);
  });
});

describe("DEL", () => {
  test("succeeds, whatever the configuration", () => {
    expect(() => plugin.del(requestOf({}, { configuration: "" }))).not.toThrow();
  });
});

describe("CHECK", () => {
  const check = (ips: { address: ReturnType<typeof cidr>; gateway?: ReturnType<typeof ip> }[]): void =>
    plugin.check(requestOf({ ipam: IPAM }, { previousResult: { interfaces: [], ips, routes: [] } }));
  const THERE = [
    { address: cidr("10.10.0.1/24"), gateway: ip("10.10.0.254") },
    { address: cidr("3ffe:ffff:0:1ff::1/64"), gateway: ip("3ffe:ffff:0::1") },
  ];

  test("passes a result with every address", () => {
    expect(() => check([...THERE, { address: cidr("172.16.0.1/24") }])).not.toThrow();
  });

  test("fails for an address that is missing, and for another gateway", () => {
    expect(failureOf(() => check(THERE.slice(0, 1))).message).toContain("3ffe:ffff:0:1ff::1/64");
    expect(
      failureOf(() => check([{ address: cidr("10.10.0.1/24"), gateway: ip("10.10.0.9") }, ...THERE.slice(1)])).message,
    ).toContain("10.10.0.254");
  });

  test("fails without a result", () => {
    expect(failureOf(() => plugin.check(requestOf({ ipam: IPAM }))).code).toBe(7);
  });
});

describe("STATUS", () => {
  test("is code 50 for a configuration that cannot work", () => {
    expect(() => plugin.status(requestOf({ ipam: IPAM }))).not.toThrow();
    expect(failureOf(() => plugin.status(requestOf({}))).code).toBe(50);
  });
});
