import { beforeEach, expect, test, vi } from "vitest";
import type { HostPort } from "../../host/kernel/host-port-elements.ts";
import { publishPorts, readHostPort, removeUnusedHostPorts, withdrawPorts } from "../../host/kernel/host-ports.ts";
import type { Publication } from "../../host/kernel/host-ports.ts";
import type { Nftables } from "../../host/kernel/nftables.ts";
import {
  conditionChainName,
  countConditionRules,
  getConditionsUse,
  judgeConditions,
  removeConditions,
  type ConditionChain,
  type PortConditions,
} from "../../host/kernel/port-conditions.ts";
import { writeSysctl } from "../../host/kernel/sysctl.ts";
import { parseIpAddress, parseIpPrefix, type IpFamily } from "../../host/spec/ip.ts";
import { ask, startServer } from "../support/sockets.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";
import { MINE, OTHERS, openPacketFilter } from "./packet-filter.ts";

/** Longest time that neighbours may take, in ms. */
const WAIT = { timeout: 10_000, interval: 1 };

let node: TestNamespace;
let nftables: Nftables;

beforeEach(() => {
  ({ node, nftables } = openPacketFilter());
});

type Texts = Readonly<
  Partial<Record<"sources" | "excludedSources" | "destinations" | "excludedDestinations", string[]>>
>;
const conditions = (lists: Texts, links: Partial<PortConditions> = {}): PortConditions => {
  const read = (texts: readonly string[] = []) => texts.map(parseIpPrefix);
  return {
    ...links,
    sources: read(lists.sources),
    excludedSources: read(lists.excludedSources),
    destinations: read(lists.destinations),
    excludedDestinations: read(lists.excludedDestinations),
  };
};
const chainOf = (wanted: PortConditions, tag = MINE, family: IpFamily = "ipv4"): ConditionChain => ({
  tag,
  family,
  conditions: wanted,
});
const from = (port: number, family: IpFamily = "ipv4"): HostPort => ({
  family,
  protocol: "tcp",
  port,
  address: undefined,
});

/** Ports of one owner that lead to 10.88.0.2, or 2001:db8:88::2, on conditions. */
function publication(chain: ConditionChain, ports: readonly number[]): Publication {
  const address = parseIpAddress(chain.family === "ipv4" ? "10.88.0.2" : "2001:db8:88::2");
  const when = conditionChainName(chain);
  return {
    tag: chain.tag,
    redirections: ports.map((port) => ({ from: from(port, chain.family), to: { address, port: 80 }, when })),
    addresses: [address],
    sourceTranslation: "local",
    conditions: [chain],
  };
}

const ruleset = (): string => node.run("nft", "list", "ruleset").trim();

function withdraw(published: Publication): void {
  withdrawPorts(nftables, published);
  removeConditions(nftables, (published.conditions ?? []).map(conditionChainName));
  removeUnusedHostPorts(nftables);
}

test("can be judged without being made", () => {
  judgeConditions(nftables);
  expect(ruleset()).toBe("");
});

test("a port leads to the chain of its conditions, one chain however many ports; nothing is left without them", () => {
  const chain = chainOf(conditions({ excludedSources: ["192.0.2.0/24", "192.0.2.7/32"] }, { incomingLink: "eth0" }));
  const published = publication(chain, [8080, 8081]);
  publishPorts(nftables, published, undefined);
  const name = conditionChainName(chain);
  expect(ruleset()).toContain(`elements = { tcp . 8080 comment "cnidaria:${MINE}" : goto ${name}`);
  expect(ruleset()).toContain('iifname != "eth0" return');
  expect(ruleset()).toContain("ip saddr 192.0.2.0/24 return");
  expect(getConditionsUse(nftables, name)).toBe(countConditionRules(chain) + 2);
  expect(readHostPort(nftables, from(8080), name)).toEqual({
    tag: MINE,
    to: { address: parseIpAddress("10.88.0.2"), port: 80 },
  });
  // What a port without conditions costs is the same.
  expect(readHostPort(nftables, from(8080))).toBeUndefined();
  removeConditions(nftables, [name]);
  expect(getConditionsUse(nftables, name)).toBe(countConditionRules(chain) + 2);
  withdraw(published);
  expect(ruleset()).toBe("");
});

test("one owner's conditions go without those of another", () => {
  const wanted = conditions({ sources: ["192.0.2.0/24", "198.51.100.1/32"] });
  const mine = publication(chainOf(wanted), [80]);
  const others = publication(chainOf(wanted, OTHERS), [81]);
  publishPorts(nftables, mine, undefined);
  publishPorts(nftables, { ...others, addresses: [] }, undefined);
  withdraw(mine);
  expect(readHostPort(nftables, from(81), conditionChainName(chainOf(wanted, OTHERS)))?.tag).toBe(OTHERS);
  withdraw(others);
  expect(ruleset()).toBe("");
});

test("a publication that is refused leaves no conditions, and the former ones hold", () => {
  const before = publication(chainOf(conditions({ sources: ["192.0.2.0/24"] })), [80]);
  const others = publication(chainOf(conditions({ sources: ["192.0.2.0/24"] }), OTHERS), [90]);
  publishPorts(nftables, before, undefined);
  publishPorts(nftables, { ...others, addresses: [] }, undefined);
  const chain = chainOf(conditions({ sources: ["198.51.100.0/24"] }));
  expect(() => publishPorts(nftables, publication(chain, [90]), before)).toThrow(
    expect.objectContaining({ errno: "EEXIST" }),
  );
  expect(getConditionsUse(nftables, conditionChainName(chain))).toBeUndefined();
  expect(readHostPort(nftables, from(80), before.redirections[0]?.when)?.tag).toBe(MINE);
});

test("makes everything again when somebody flushed the packet filter", () => {
  const published = publication(chainOf(conditions({ destinations: ["192.0.2.0/0"] })), [80]);
  publishPorts(nftables, published, undefined);
  node.run("nft", "flush", "ruleset");
  publishPorts(nftables, published, undefined);
  expect(readHostPort(nftables, from(80), published.redirections[0]?.when)?.tag).toBe(MINE);
});

/** Two outsiders, on links of their own, and a container with a server. */
function surround(): { readonly container: TestNamespace; readonly one: TestNamespace; readonly two: TestNamespace } {
  const [container, one, two] = [createNamespace(), createNamespace(), createNamespace()];
  // Else links have no address to ask for neighbours from, for a second.
  for (const each of [node, container, one, two]) each.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
  for (const [there, name, octet] of [
    [container, "c", 88],
    [one, "one", 1],
    [two, "two", 2],
  ] as const) {
    node.ip(`link add v${name} type veth peer name eth0 netns ${there.name}`);
    node.ip(`address add 10.${octet}.0.1/24 dev v${name}`);
    node.ip(`address add 2001:db8:${octet}::1/64 dev v${name} nodad`);
    node.ip(`link set v${name} up`);
    there.ip(`address add 10.${octet}.0.2/24 dev eth0`);
    there.ip(`address add 2001:db8:${octet}::2/64 dev eth0 nodad`);
    there.ip("link set eth0 up");
    there.ip(`route add default via 10.${octet}.0.1`);
    there.ip(`-6 route add default via 2001:db8:${octet}::1`);
  }
  node.ip("link set lo up");
  writeSysctl(node.netns, { name: "ip_forward" }, 1);
  node.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
  return { container, one, two };
}

const ONE_ALONE = ["yes", "nothing", "nothing"];
const TWO_ALONE = ["nothing", "yes", "nothing"];
const CASES: readonly { title: string; lists?: Texts; links?: Partial<PortConditions>; answers: string[] }[] = [
  { title: "a link", links: { incomingLink: "vone" }, answers: ONE_ALONE },
  { title: "a link that is excluded", links: { excludedLink: "vone" }, answers: ["nothing", "yes", "yes"] },
  { title: "a source", lists: { sources: ["10.1.0.0/24"] }, answers: ONE_ALONE },
  { title: "several sources", lists: { sources: ["10.1.0.2/32", "10.2.0.0/24"] }, answers: ["yes", "yes", "nothing"] },
  {
    title: "a source that is excluded",
    lists: { excludedSources: ["10.1.0.2/32"] },
    answers: ["nothing", "yes", "yes"],
  },
  {
    title: "everybody excluded",
    lists: { excludedSources: ["0.0.0.0/0"] },
    answers: ["nothing", "nothing", "nothing"],
  },
  { title: "a destination", lists: { destinations: ["10.2.0.1/32"] }, answers: TWO_ALONE },
  {
    title: "a destination that is excluded",
    lists: { excludedDestinations: ["10.2.0.1/32", "127.0.0.0/8"] },
    answers: ["yes", "nothing", "yes"],
  },
  {
    title: "a link and a source of which one holds",
    lists: { sources: ["10.2.0.0/24"] },
    links: { incomingLink: "vone" },
    answers: ["nothing", "nothing", "nothing"],
  },
];

test.for(CASES)("$title: who is answered, of one, two and the node itself", async ({ lists = {}, links, answers }) => {
  const { container, one, two } = surround();
  await using _server = await startServer(container.name, { protocol: "tcp", port: 80, name: "yes" });
  publishPorts(nftables, publication(chainOf(conditions(lists, links)), [8080]), undefined);
  const found = [
    ask(one.name, { address: "10.1.0.1", port: 8080 }),
    ask(two.name, { address: "10.2.0.1", port: 8080 }),
    ask(node.name, { address: "10.88.0.1", port: 8080 }),
  ].map((answer) => answer.split(" ")[0]);
  for (const each of [container, one, two]) each[Symbol.dispose]();
  expect(found).toEqual(answers);
});

test("IPv6 ports have conditions of their own", async () => {
  const { container, one, two } = surround();
  await using _server = await startServer(container.name, { protocol: "tcp", port: 80, name: "yes" });
  const chain = chainOf(conditions({ sources: ["2001:db8:1::/64", "2001:db8:9::/64"] }), MINE, "ipv6");
  publishPorts(nftables, publication(chain, [8080]), undefined);
  // Neighbours are found in their own time.
  for (const each of [one, two])
    await vi.waitFor(() => expect(ask(each.name, { address: "2001:db8:88::2", port: 80 })).toContain("yes"), WAIT);
  const found = [
    ask(one.name, { address: "2001:db8:1::1", port: 8080 }),
    ask(two.name, { address: "2001:db8:2::1", port: 8080 }),
    ask(one.name, { address: "10.1.0.1", port: 8080 }),
  ].map((answer) => answer.split(" ")[0]);
  for (const each of [container, one, two]) each[Symbol.dispose]();
  expect(found).toEqual(["yes", "nothing", "nothing"]);
});
