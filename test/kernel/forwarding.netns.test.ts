import { beforeEach, describe, expect, test } from "vitest";
import {
  addForwarded,
  droppingChains,
  hasForwardChain,
  judgeForwarding,
  readForwarded,
  removeForwarded,
} from "../../host/kernel/forwarding.ts";
import { addMasquerade, removeMasquerade, removeMasqueradeSubnet } from "../../host/kernel/masquerade.ts";
import { Nftables } from "../../host/kernel/nftables.ts";
import { parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";
import type { TestNamespace } from "./namespaces.ts";
import { MINE, OTHERS, openPacketFilter } from "./packet-filter.ts";

let node: TestNamespace;
let nftables: Nftables;

beforeEach(() => {
  ({ node, nftables } = openPacketFilter());
});

const add = (tag: string, ...texts: string[]): void =>
  addForwarded(nftables, { tag, addresses: texts.map(parseIpAddress) });
const remove = (tag: string, ...texts: string[]): void =>
  removeForwarded(nftables, { tag, addresses: texts.map(parseIpAddress) });
const tagOf = (text: string): string | undefined => readForwarded(nftables, parseIpAddress(text))?.tag;
const ruleset = (): string => node.run("nft", "list", "ruleset").replaceAll(/\n\n/gu, "\n");

test("can be judged without being made", () => {
  judgeForwarding(nftables);
  expect(ruleset()).toBe("");
  expect(hasForwardChain(nftables)).toBe(false);
  add(MINE, "10.88.0.2");
  expect(hasForwardChain(nftables)).toBe(true);
  judgeForwarding(nftables);
});

test("makes table, chains and elements as two look-ups per packet need them", () => {
  add(MINE, "10.88.0.2", "2001:db8::2");
  expect(ruleset()).toBe(`table inet cnidaria {
	map forward_v4 {
		type ipv4_addr : verdict
		elements = { 10.88.0.2 comment "cnidaria:${MINE}" : goto forward_allowed }
	}
	map forward_v6 {
		type ipv6_addr : verdict
		elements = { 2001:db8::2 comment "cnidaria:${MINE}" : goto forward_allowed }
	}
	chain forward_allowed {
		accept
	}
	chain forward {
		type filter hook forward priority filter + 10; policy accept;
		ip saddr vmap @forward_v4
		ct state established,related ip daddr vmap @forward_v4
		ip6 saddr vmap @forward_v6
		ct state established,related ip6 daddr vmap @forward_v6
	}
}
`);
});

test("adds and removes one of five thousand without asking the library", () => {
  const addresses = Array.from({ length: 5000 }, (_, index) =>
    parseIpAddress(`10.88.${1 + (index >> 8)}.${index & 255}`),
  );
  // More than a message holds.
  addForwarded(nftables, { tag: OTHERS, addresses });
  const { runs } = nftables;
  add(MINE, "10.99.0.1");
  expect([tagOf("10.99.0.1"), tagOf("10.88.1.7")]).toEqual([MINE, OTHERS]);
  remove(MINE, "10.99.0.1");
  expect(tagOf("10.99.0.1")).toBeUndefined();
  expect(nftables.runs).toBe(runs);
  removeForwarded(nftables, { tag: OTHERS, addresses });
  expect(ruleset()).toBe("");
});

test("keeps what the same owner has, also twice in one list", () => {
  add(MINE, "10.88.0.2");
  add(MINE, "10.88.0.2", "10.88.0.3", "10.88.0.3");
  expect(["10.88.0.2", "10.88.0.3"].map(tagOf)).toEqual([MINE, MINE]);
});

test("refuses an address of another owner, and adds none of the others then", () => {
  add(OTHERS, "10.88.0.2");
  expect(() => add(MINE, "10.88.0.3", "10.88.0.2")).toThrow(expect.objectContaining({ errno: "EEXIST" }));
  expect(["10.88.0.2", "10.88.0.3"].map(tagOf)).toEqual([OTHERS, undefined]);
});

test("removes an owner's addresses, and nobody else's", () => {
  add(MINE, "10.88.0.2", "2001:db8::2");
  add(OTHERS, "10.88.0.3");
  node.run("nft", "add element inet cnidaria forward_v4 { 10.88.0.9 : accept }");
  remove(MINE, "10.88.0.2", "10.88.0.3", "10.88.0.9", "2001:db8::2");
  expect(["10.88.0.2", "10.88.0.3", "2001:db8::2"].map(tagOf)).toEqual([undefined, OTHERS, undefined]);
  expect(readForwarded(nftables, parseIpAddress("10.88.0.9"))).toEqual({ tag: undefined });
});

test("leaves nothing behind with the last address, whatever order the table's users go in", () => {
  const masked = { tag: MINE, addresses: [parseIpPrefix("10.88.0.2/16")] };
  for (const order of ["masquerading first", "forwarding first"]) {
    add(MINE, "10.88.0.2");
    addMasquerade(nftables, masked);
    if (order === "forwarding first") remove(MINE, "10.88.0.2");
    removeMasquerade(nftables, masked);
    expect(removeMasqueradeSubnet(nftables, parseIpPrefix("10.88.0.0/16"))).toBe(true);
    expect({ order, hasForwardChain: hasForwardChain(nftables) }).toEqual({
      order,
      hasForwardChain: order === "masquerading first",
    });
    if (order === "masquerading first") remove(MINE, "10.88.0.2");
    expect(ruleset()).toBe("");
  }
});

test("keeps the masquerading of other subnets when one goes", () => {
  add(MINE, "10.88.0.2");
  const masked = { tag: MINE, addresses: [parseIpPrefix("10.88.0.2/16")] };
  addMasquerade(nftables, masked);
  addMasquerade(nftables, { tag: OTHERS, addresses: [parseIpPrefix("10.89.0.2/16")] });
  removeMasquerade(nftables, masked);
  removeMasqueradeSubnet(nftables, parseIpPrefix("10.88.0.0/16"));
  expect(ruleset()).toContain("goto subnet_v4_10_89_0_0_16");
});

describe("what the administrator did to the chain", () => {
  test.for([
    { what: "a policy", command: "chain inet cnidaria forward { policy drop ; }", sign: "policy drop" },
    { what: "a rule", command: "insert rule inet cnidaria forward ip saddr 192.0.2.1 drop", sign: "192.0.2.1" },
  ])("$what is kept, with and without addresses", ({ command, sign }) => {
    add(MINE, "10.88.0.2");
    node.run("nft", command);
    add(OTHERS, "10.88.0.3");
    expect(ruleset()).toContain(sign);
    remove(MINE, "10.88.0.2");
    remove(OTHERS, "10.88.0.3");
    add(MINE, "10.88.0.2");
    expect(ruleset()).toContain(sign);
  });

  test("rules that were flushed keep nothing", () => {
    add(MINE, "10.88.0.2");
    node.run("nft", "flush", "table", "inet", "cnidaria");
    expect(hasForwardChain(nftables)).toBe(false);
    remove(MINE, "10.88.0.2");
    expect(ruleset()).toBe("");
  });

  test("everything is made again when the packet filter was flushed", () => {
    add(MINE, "10.88.0.2");
    node.run("nft", "flush", "ruleset");
    remove(MINE, "10.88.0.2");
    add(MINE, "10.88.0.3");
    expect(tagOf("10.88.0.3")).toBe(MINE);
    expect(ruleset()).toContain("hook forward");
  });
});

test("meets the table of another process, and leaves its rules as they are", () => {
  add(MINE, "10.88.0.2");
  using second = Nftables.open(node.netns);
  addForwarded(second, { tag: OTHERS, addresses: [parseIpAddress("10.88.0.3")] });
  expect(["10.88.0.2", "10.88.0.3"].map(tagOf)).toEqual([MINE, OTHERS]);
  expect(ruleset().match(/vmap @forward_v4/gu)).toHaveLength(2);
});

test("names the chains of iptables that drop by default, of the families that are asked for", () => {
  expect(droppingChains(nftables, ["ipv4", "ipv6"])).toEqual([]);
  node.run("iptables-nft", "-P", "FORWARD", "DROP");
  expect(droppingChains(nftables, ["ipv4", "ipv6"])).toEqual(["ip filter FORWARD"]);
  expect(droppingChains(nftables, ["ipv6"])).toEqual([]);
  node.run("iptables-nft", "-P", "FORWARD", "ACCEPT");
  expect(droppingChains(nftables, ["ipv4", "ipv6"])).toEqual([]);
});
