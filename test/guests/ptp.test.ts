import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { AddressResult, AttachmentResult, IpPrefix } from "cnidaria:plugin/types@0.1.0";
import { describe, expect, test } from "vitest";

import { formatAddress, formatPrefix } from "../../guests/sdk/ip-text.ts";
import { argumentsOf, DUAL_STACK, LINKS, namesOf } from "./bridge-fakes.ts";
import { failing, failingWith, failureOf } from "./fakes.ts";
import { type Changes, ptpWith } from "./ptp-fakes.ts";
import { CONTAINER, NETNS, cidr, ip, requestOf } from "./requests.ts";

const IPAM = { ipam: { type: "host-local" } };
const V4: AddressResult = { ips: [{ address: cidr("10.1.0.2/24"), gateway: ip("10.1.0.1") }], routes: [] };
const textOf = ({ destination, gateway, source }: Route): string =>
  [
    formatPrefix(destination),
    ...(gateway === undefined ? [] : ["via", formatAddress(gateway)]),
    ...(source === undefined ? [] : ["src", formatAddress(source)]),
  ].join(" ");

function added(configuration: object, given: AddressResult = V4) {
  const { calls, plugin } = ptpWith(given);
  const result = plugin.add(requestOf({ ...IPAM, ...configuration }), CONTAINER);
  const list = <Item>(name: string, index: number): readonly Item[] => argumentsOf(calls, name)?.[index] as Item[];
  return { calls, result, list };
}

describe("ADD", () => {
  test("makes the pair, gives the container its addresses and has the node route them there", () => {
    const { calls, result, list } = added({});
    expect(namesOf(calls)).toEqual([
      "containerLinks.startVeth",
      "ipam.add",
      "containerAddresses.add",
      "containerLinks.setUp",
      "containerLinks.startedVeth",
      "containerRoutes.delete",
      "containerRoutes.add",
      "nodeForwarding.enable",
      "nodeAddresses.ensure",
      "nodeRoutes.ensure",
    ]);
    expect(list<Route>("containerRoutes.delete", 2).map(textOf)).toEqual(["10.1.0.0/24"]);
    expect(list<Route>("containerRoutes.add", 2).map(textOf)).toEqual([
      "10.1.0.1/32 src 10.1.0.2",
      "10.1.0.0/24 via 10.1.0.1 src 10.1.0.2",
    ]);
    expect(argumentsOf(calls, "nodeAddresses.ensure")).toEqual([LINKS.node.name, [cidr("10.1.0.1/32")], false]);
    expect(argumentsOf(calls, "nodeRoutes.ensure")).toEqual([LINKS.node.name, [ip("10.1.0.2")]]);
    expect(result.interfaces).toEqual([
      { name: LINKS.node.name, mac: LINKS.node.mac },
      { name: "eth0", mac: LINKS.container.mac, sandbox: NETNS },
    ]);
    expect(result.ips).toEqual([{ ...V4.ips[0], interfaceIndex: 1 }]);
  });

  test("settles IPv6 addresses before routes have them as source", () => {
    const { calls, list } = added({}, DUAL_STACK);
    const names = namesOf(calls);
    expect(names.indexOf("containerAddresses.settle")).toBeLessThan(names.indexOf("containerRoutes.add"));
    expect(list<Route>("containerRoutes.add", 2).map(textOf)).toContain(
      "2001:db8::/64 via 2001:db8::1 src 2001:db8::2",
    );
    expect(list<IpPrefix>("nodeAddresses.ensure", 1).map(formatPrefix)).toEqual(["10.1.0.1/32", "2001:db8::1/128"]);
    expect(calls.filter(([name]) => name === "nodeForwarding.enable")).toHaveLength(2);
  });

  test("reaches a gateway that two addresses share once, and an address without a subnet by itself", () => {
    const shared = { address: cidr("10.1.0.3/24"), gateway: ip("10.1.0.1") };
    const alone = { address: cidr("10.2.0.2/32"), gateway: ip("10.2.0.1") };
    const { list } = added({}, { ips: [...V4.ips, shared, alone], routes: [] });
    expect(list<Route>("containerRoutes.add", 2).map(textOf)).toEqual([
      "10.1.0.1/32 src 10.1.0.2",
      "10.2.0.1/32 src 10.2.0.2",
      "10.1.0.0/24 via 10.1.0.1 src 10.1.0.2",
      "10.1.0.0/24 via 10.1.0.1 src 10.1.0.3",
    ]);
  });

  test("adds the routes of the IPAM plugin, masquerades, and sets the MTU", () => {
    const { calls, list, result } = added(
      { ipMasq: true, ipMasqBackend: "nftables", mtu: 1400, dns: { nameservers: [] } },
      {
        ...V4,
        routes: [{ destination: cidr("0.0.0.0/0") }],
        dns: { nameservers: ["192.0.2.1"], search: [], options: [] },
      },
    );
    expect(list<Route>("containerRoutes.add", 2).map(textOf)).toContain("0.0.0.0/0 via 10.1.0.1");
    expect(argumentsOf(calls, "masquerade.set")?.[0]).toEqual([cidr("10.1.0.2/24")]);
    expect(argumentsOf(calls, "containerLinks.startVeth")?.[1]).toMatchObject({ mtuBytes: 1400, ifname: "eth0" });
    expect(result.dns?.nameservers).toEqual([]);
    expect(
      added({}, { ...V4, dns: { nameservers: ["192.0.2.1"], search: [], options: [] } }).result.dns?.nameservers,
    ).toEqual(["192.0.2.1"]);
  });

  test.for<{ title: string; configuration: object; code: number }>([
    { title: "no IPAM plugin", configuration: { ipam: {} }, code: 7 },
    { title: "an MTU out of range", configuration: { mtu: 70_000 }, code: 7 },
    { title: "an unknown backend", configuration: { ipMasqBackend: "ipfw" }, code: 7 },
    { title: "a flag as text", configuration: { ipMasq: "yes" }, code: 6 },
  ])("refuses $title, and asks for nothing", ({ configuration, code }) => {
    const { calls, plugin } = ptpWith();
    const failure = failureOf(() => plugin.add(requestOf({ ...IPAM, ...configuration }), CONTAINER));
    expect([failure.code, calls]).toEqual([code, []]);
  });

  test.for<{ title: string; given?: AddressResult; changes?: Changes; code: number; text: string; released: boolean }>([
    { title: "no address", given: { ips: [], routes: [] }, code: 999, text: "gave no address", released: true },
    {
      title: "no gateway",
      given: { ips: [{ address: cidr("10.1.0.2/24") }], routes: [] },
      code: 7,
      text: "10.1.0.2/24 has no gateway",
      released: true,
    },
    {
      title: "the IPAM plugin's error",
      changes: { ipam: { add: failingWith(108, "none left") } },
      code: 108,
      text: "none left",
      released: false,
    },
    {
      title: "a link that is there",
      changes: { containerLinks: { startedVeth: failing("already-exists") } },
      code: 109,
      text: "make link",
      released: true,
    },
    {
      title: "a link that is there before what follows from it",
      changes: {
        containerLinks: { startedVeth: failing("already-exists") },
        containerAddresses: { add: failing("not-found") },
      },
      code: 109,
      text: "make link",
      released: true,
    },
    {
      title: "a route of another",
      changes: { nodeRoutes: { ensure: failing("conflict") } },
      code: 109,
      text: "route the container",
      released: true,
    },
  ])("reports $title", ({ given = V4, changes = {}, code, text, released }) => {
    const { calls, plugin } = ptpWith(given, changes);
    const failure = failureOf(() => plugin.add(requestOf(IPAM), CONTAINER));
    expect(failure).toMatchObject({ code, message: expect.stringContaining(text) as unknown });
    expect(namesOf(calls).includes("ipam.del")).toBe(released);
  });
});

const RESULT: AttachmentResult = {
  interfaces: [
    { name: LINKS.node.name, mac: [...LINKS.node.mac] },
    { name: "eth0", mac: [...LINKS.container.mac], sandbox: NETNS },
  ],
  ips: DUAL_STACK.ips.map((each) => ({ ...each, interfaceIndex: 1 })),
  routes: [],
};

describe("CHECK", () => {
  const check = (changes: Changes = {}, configuration: object = { ipMasq: true }): void =>
    ptpWith(DUAL_STACK, changes).plugin.check(
      requestOf({ ...IPAM, ...configuration }, { previousResult: RESULT }),
      CONTAINER,
    );

  test("passes what ADD made", () => check());

  test.for<{ title: string; changes: Changes; text: string }>([
    { title: "the link", changes: { containerLinks: { get: failing("not-found") } }, text: 'link "eth0"' },
    {
      title: "its other end",
      changes: { nodeLinks: { get: () => ({ ...LINKS.node, peerIndex: 9 }) } },
      text: "other end",
    },
    { title: "an address", changes: { containerAddresses: { list: () => [] } }, text: "10.1.0.2/16" },
    { title: "a route to the gateway", changes: { containerRoutes: { list: () => [] } }, text: "10.1.0.1/32" },
    { title: "the gateway", changes: { nodeAddresses: { list: () => [] } }, text: "10.1.0.1/32" },
    { title: "the node's route", changes: { nodeRoutes: { list: () => [] } }, text: "does not route 10.1.0.2" },
    { title: "masquerading", changes: { masquerade: { list: () => [] } }, text: "not masqueraded" },
  ])("misses $title", ({ changes, text }) => {
    expect(failureOf(() => check(changes)).message).toContain(text);
  });

  test("needs the result of ADD", () => {
    expect(failureOf(() => ptpWith().plugin.check(requestOf(IPAM), CONTAINER))).toMatchObject({ code: 7 });
  });
});

describe("DEL", () => {
  test("ends masquerading and the link before the addresses are released", () => {
    const { calls, plugin } = ptpWith();
    plugin.del(requestOf({ ...IPAM, ipMasq: true }), CONTAINER);
    expect(namesOf(calls)).toEqual(["masquerade.remove", "containerLinks.delete", "ipam.del"]);
  });

  test("works without the namespace, and for a configuration that ADD refuses", () => {
    const { calls, plugin } = ptpWith();
    plugin.del(requestOf({ ipMasq: true, mtu: "x" }, { netns: "" }), CONTAINER);
    expect(namesOf(calls)).toEqual(["masquerade.remove"]);
  });
});
