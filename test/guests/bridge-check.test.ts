import { describe, expect, test } from "vitest";

import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { AttachmentResult } from "cnidaria:plugin/types@0.1.0";

import { missingRoute, ownRoutes } from "../../guests/sdk/own-parts.ts";
import { bridgeWith, type Changes, GIVEN, LINKS, namesOf } from "./bridge-fakes.ts";
import { failing, failingWith, failureOf } from "./fakes.ts";
import { cidr, CONTAINER, ip, NETNS, requestOf } from "./requests.ts";

const CONFIGURATION = { ipam: { type: "host-local" }, isDefaultGateway: true, ipMasq: true };
const RESULT: AttachmentResult = {
  interfaces: [
    { name: "cni0", mac: [...LINKS.bridge.mac] },
    { name: LINKS.node.name, mac: [...LINKS.node.mac] },
    { name: "eth0", mac: [...LINKS.container.mac], sandbox: NETNS },
  ],
  ips: [{ address: cidr("10.1.0.2/16"), gateway: ip("10.1.0.1"), interfaceIndex: 2 }],
  routes: [{ destination: cidr("0.0.0.0/0"), gateway: ip("10.1.0.1") }],
};
const THERE: Changes = {
  containerRoutes: {
    list: (_container, _link, family) =>
      family === "ipv4" ? [{ destination: cidr("0.0.0.0/0"), gateway: ip("10.1.0.1"), table: 254 }] : [],
  },
  nodeAddresses: { list: () => [cidr("10.1.0.1/16")] },
};
const merge = (changes: Changes): Changes => {
  const merged: Record<string, object> = {};
  for (const name of [
    "containerLinks",
    "containerAddresses",
    "containerRoutes",
    "ipam",
    "masquerade",
    "nodeAddresses",
    "nodeLinks",
    "spoofGuard",
  ] as const) {
    merged[name] = { ...THERE[name], ...changes[name] };
  }
  return merged;
};
const check = (
  changes: Changes = {},
  result: AttachmentResult | undefined = RESULT,
  configuration: object = CONFIGURATION,
): void => {
  bridgeWith(GIVEN, merge(changes)).plugin.check(requestOf(configuration, { previousResult: result }), CONTAINER);
};

describe("CHECK of a guarded port", () => {
  const guarded = { ...CONFIGURATION, macspoofchk: true };

  test("passes with the container's own hardware address", () => {
    expect(() => check({}, RESULT, guarded)).not.toThrow();
  });

  test.for([
    { what: "without a guard", get: () => undefined, names: "is not guarded" },
    {
      what: "with another's",
      get: (): [number, number, number, number, number, number] => [2, 0, 0, 0, 0, 9],
      names: "02:00:00:00:00:09",
    },
  ])("fails $what", ({ get, names }) => {
    const failure = failureOf(() => check({ spoofGuard: { get } }, RESULT, guarded));
    expect(failure).toMatchObject({ code: 999 });
    expect(failure.message).toContain(names);
  });
});

describe("CHECK passes", () => {
  test("what ADD made", () => {
    expect(() => check()).not.toThrow();
  });

  test("an attachment without addresses, and asks no IPAM plugin", () => {
    const { calls, plugin } = bridgeWith();
    const previousResult = { ...RESULT, ips: [], routes: [] };
    plugin.check(requestOf({}, { previousResult }), CONTAINER);
    expect(namesOf(calls)).toEqual(["nodeLinks.get", "containerLinks.get", "nodeLinks.get"]);
  });

  test("a /32, whose network has no route", () => {
    const ips = [{ address: cidr("10.1.0.2/32"), interfaceIndex: 2 }];
    const list = (): { address: ReturnType<typeof cidr>; tentative: boolean; duplicate: boolean }[] => [
      { address: cidr("10.1.0.2/32"), tentative: false, duplicate: false },
    ];
    expect(() => check({ containerAddresses: { list } }, { ...RESULT, ips, routes: [] }, {})).not.toThrow();
  });

  test("a result with links, addresses and routes of other plugins", () => {
    const result: AttachmentResult = {
      interfaces: [...RESULT.interfaces, { name: "wg0", sandbox: NETNS }],
      ips: [...RESULT.ips, { address: cidr("172.16.0.2/24"), interfaceIndex: 3 }],
      routes: [...RESULT.routes, { destination: cidr("172.20.0.0/16"), gateway: ip("172.16.0.1") }],
    };
    expect(() => check({}, result)).not.toThrow();
  });

  test("a route that another plugin moved to a table of its own", () => {
    const list = (): Route[] => [{ destination: cidr("0.0.0.0/0"), gateway: ip("10.1.0.1"), table: 100 }];
    expect(() => check({ containerRoutes: { list } })).not.toThrow();
  });
});

describe("CHECK names what is wrong", () => {
  const CASES: readonly { title: string; changes: Changes; names: string }[] = [
    {
      title: "the IPAM plugin's complaint",
      changes: { ipam: { check: failingWith(999, "not allocated") } },
      names: "not allocated",
    },
    { title: "no bridge", changes: { nodeLinks: { get: failing("not-permitted") } }, names: 'bridge "cni0"' },
    {
      title: "a bridge that is none",
      changes: { nodeLinks: { get: () => ({ ...LINKS.bridge, kind: "dummy" }) } },
      names: '"dummy"',
    },
    {
      title: "another hardware address of the bridge",
      changes: { nodeLinks: { get: () => ({ ...LINKS.bridge, mac: [1, 1, 1, 1, 1, 1] }) } },
      names: "01:01:01:01:01:01",
    },
    { title: "no link", changes: { containerLinks: { get: failing("not-found") } }, names: 'link "eth0"' },
    {
      title: "a link of another kind",
      changes: { containerLinks: { get: () => ({ ...LINKS.container, kind: "macvlan" }) } },
      names: '"macvlan"',
    },
    {
      title: "another hardware address",
      changes: { containerLinks: { get: () => ({ ...LINKS.container, mac: undefined }) } },
      names: "hardware address none",
    },
    {
      title: "another peer",
      changes: { containerLinks: { get: () => ({ ...LINKS.container, peerIndex: 77 }) } },
      names: "other end",
    },
    {
      title: "the node's end off the bridge",
      changes: {
        nodeLinks: { get: (name) => (name === "cni0" ? LINKS.bridge : { ...LINKS.node, masterIndex: undefined }) },
      },
      names: 'not on bridge "cni0"',
    },
    {
      title: "the node's end on another bridge",
      changes: { nodeLinks: { get: (name) => (name === "cni0" ? LINKS.bridge : { ...LINKS.node, masterIndex: 99 }) } },
      names: 'not on bridge "cni0"',
    },
    { title: "no address", changes: { containerAddresses: { list: () => [] } }, names: "10.1.0.2/16" },
    { title: "no route", changes: { containerRoutes: { list: () => [] } }, names: "route to 0.0.0.0/0" },
    { title: "no gateway on the bridge", changes: { nodeAddresses: { list: () => [] } }, names: "address 10.1.0.1/16" },
    { title: "no masquerading", changes: { masquerade: { list: () => [] } }, names: "10.1.0.2/16 is not masqueraded" },
  ];

  test.for(CASES)("$title", ({ changes, names }) => {
    expect(failureOf(() => check(changes)).message).toContain(names);
  });

  test("a missing previous result, with code 7", () => {
    const { plugin } = bridgeWith();
    expect(failureOf(() => plugin.check(requestOf({}), CONTAINER)).code).toBe(7);
  });

  test("another namespace", () => {
    const interfaces = RESULT.interfaces.map((each) =>
      each.sandbox === undefined ? each : { ...each, sandbox: "/other" },
    );
    expect(failureOf(() => check({}, { ...RESULT, interfaces })).message).toContain("/other");
  });

  test("a bridge that is not promiscuous although it should be", () => {
    expect(failureOf(() => check({}, RESULT, { ...CONFIGURATION, promiscMode: true })).message).toContain(
      "not promiscuous",
    );
  });
});

describe("routes", () => {
  const request = requestOf({});

  test("with one link in the container are all its own", () => {
    expect(ownRoutes(request, RESULT)).toEqual(RESULT.routes);
  });

  test("compare next hop and table", () => {
    const wanted = [{ destination: cidr("192.168.0.0/16"), gateway: ip("10.1.0.9"), table: 0 }];
    const there = (changes: Partial<Route>): boolean =>
      missingRoute(wanted, [{ destination: cidr("192.168.0.0/16"), gateway: ip("10.1.0.9"), ...changes }], []) ===
      undefined;
    expect(there({})).toBe(true);
    expect(there({ table: 254 })).toBe(true);
    expect(there({ table: 100 })).toBe(false);
    expect(there({ gateway: ip("10.1.0.8") })).toBe(false);
    expect(there({ gateway: undefined })).toBe(false);
    expect(there({ destination: cidr("192.168.0.0/24") })).toBe(false);
  });
});
