import { beforeEach, expect, test } from "vitest";
import {
  addMasquerade,
  hasMasqueradeTable,
  judgeMasquerade,
  readMasquerade,
  removeMasquerade,
  removeMasqueradeSubnet,
} from "../../host/kernel/masquerade.ts";
import { Nftables } from "../../host/kernel/nftables.ts";
import { writeSysctl } from "../../host/kernel/sysctl.ts";
import { parseIpAddress, parseIpPrefix, type IpPrefix } from "../../host/spec/ip.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";
import { MINE, OTHERS, openPacketFilter } from "./packet-filter.ts";

let node: TestNamespace;
let nftables: Nftables;

beforeEach(() => {
  ({ node, nftables } = openPacketFilter());
});

function prefixes(...texts: string[]): IpPrefix[] {
  return texts.map(parseIpPrefix);
}

function tagOf(address: string): string | undefined {
  return readMasquerade(nftables, parseIpAddress(address))?.tag;
}

function add(tag: string, ...texts: string[]): void {
  addMasquerade(nftables, { tag, addresses: prefixes(...texts) });
}

function remove(tag: string, ...texts: string[]): void {
  removeMasquerade(nftables, { tag, addresses: prefixes(...texts) });
}

test("can be judged without being made", () => {
  judgeMasquerade(nftables);
  expect(node.run("nft", "list", "ruleset")).toBe("");
  expect(hasMasqueradeTable(nftables)).toBe(false);
  add(MINE, "10.88.0.2/16");
  expect(hasMasqueradeTable(nftables)).toBe(true);
  judgeMasquerade(nftables);
  expect(tagOf("10.88.0.2")).toBe(MINE);
});

test("a command that the kernel does not take is refused by its judgement, too", () => {
  const chain = { family: "inet", table: "not-there", name: "x" } as const;
  expect(() => nftables.judge([{ add: { chain } }])).toThrow(expect.objectContaining({ errno: "ENOENT" }));
  nftables.run([{ add: { table: { family: "inet", name: "there", comment: "x" } } }]);
  expect(node.run("nft", "list", "tables")).toBe("table inet there\n");
});

test("makes table, chains and elements as one look-up per packet needs them", () => {
  add(MINE, "10.88.0.2/16", "2001:db8::2/64");
  expect(node.run("nft", "list", "ruleset").replaceAll(/\n\n/gu, "\n")).toBe(`table inet cnidaria {
	map masquerade_v4 {
		type ipv4_addr : verdict
		elements = { 10.88.0.2 comment "cnidaria:${MINE}" : goto subnet_v4_10_88_0_0_16 }
	}
	map masquerade_v6 {
		type ipv6_addr : verdict
		elements = { 2001:db8::2 comment "cnidaria:${MINE}" : goto subnet_v6_20010db8000000000000000000000000_64 }
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr vmap @masquerade_v4
		ip6 saddr vmap @masquerade_v6
	}
	chain subnet_v4_10_88_0_0_16 {
		ip daddr 10.88.0.0/16 return
		ip daddr 224.0.0.0/4 return
		masquerade
	}
	chain subnet_v6_20010db8000000000000000000000000_64 {
		ip6 daddr 2001:db8::/64 return
		ip6 daddr ff00::/8 return
		masquerade
	}
}
`);
});

test("says what an address has", () => {
  add(MINE, "10.88.0.2/16", "2001:db8::2/64", "10.99.0.1/32");
  for (const prefix of prefixes("10.88.0.2/16", "2001:db8::2/64", "10.99.0.1/32")) {
    expect(readMasquerade(nftables, prefix.address)).toEqual({ address: prefix, tag: MINE });
  }
  expect(readMasquerade(nftables, parseIpAddress("10.88.0.3"))).toBeUndefined();
});

test("knows of nothing where there is no table", () => {
  expect(tagOf("10.88.0.2")).toBeUndefined();
  expect(removeMasqueradeSubnet(nftables, parseIpPrefix("10.88.0.0/16"))).toBe(true);
  expect(() => remove(MINE, "10.88.0.2/16")).not.toThrow();
});

test("asks the library where a subnet is not known, and not for another address of one that is", () => {
  add(MINE, "10.88.0.2/16");
  add(MINE, "10.88.0.3/16");
  add(MINE, "10.89.0.3/16");
  expect(nftables.runs).toBe(2);
});

test("keeps what the same owner has, also twice in one list", () => {
  add(MINE, "10.88.0.2/16");
  add(MINE, "10.88.0.2/16", "10.88.0.3/16", "10.88.0.3/16");
  expect([tagOf("10.88.0.2"), tagOf("10.88.0.3")]).toEqual([MINE, MINE]);
});

test("refuses an address of another owner, and adds none of the others then", () => {
  add(OTHERS, "10.88.0.2/16");
  expect(() => add(MINE, "10.88.0.3/16", "10.88.0.2/16")).toThrow(
    expect.objectContaining({ name: "KernelError", errno: "EEXIST" }),
  );
  expect([tagOf("10.88.0.2"), tagOf("10.88.0.3")]).toEqual([OTHERS, undefined]);
});

test("removes an owner's addresses, and nobody else's", () => {
  add(MINE, "10.88.0.2/16", "2001:db8::2/64");
  add(OTHERS, "10.88.0.3/16");
  remove(MINE, "10.88.0.2/16", "10.88.0.3/16", "10.88.0.4/16", "2001:db8::2/64");
  expect(["10.88.0.2", "10.88.0.3", "2001:db8::2"].map(tagOf)).toEqual([undefined, OTHERS, undefined]);
});

test("leaves an element alone that somebody made by hand", () => {
  add(MINE, "10.88.0.2/16");
  node.run("nft", "add element inet cnidaria masquerade_v4 { 10.88.0.9 : drop }");
  expect(readMasquerade(nftables, parseIpAddress("10.88.0.9"))).toEqual({
    address: parseIpPrefix("10.88.0.9/32"),
    tag: undefined,
  });
  remove(MINE, "10.88.0.9/16");
  expect(readMasquerade(nftables, parseIpAddress("10.88.0.9"))).toBeDefined();
});

test("removes the chain of a subnet only when nothing uses it", () => {
  add(MINE, "10.88.0.2/16");
  expect(removeMasqueradeSubnet(nftables, parseIpPrefix("10.88.0.0/16"))).toBe(false);
  // Found out by looking, not by a deletion that is refused.
  expect(nftables.runs).toBe(1);
  remove(MINE, "10.88.0.2/16");
  expect(removeMasqueradeSubnet(nftables, parseIpPrefix("10.88.0.0/16"))).toBe(true);
  add(MINE, "10.88.0.2/16");
  expect(tagOf("10.88.0.2")).toBe(MINE);
});

test("leaves no table behind when the last subnet goes, and keeps it while there is one", () => {
  add(MINE, "10.88.0.2/16");
  add(OTHERS, "10.89.0.2/16");
  remove(MINE, "10.88.0.2/16");
  expect(removeMasqueradeSubnet(nftables, parseIpPrefix("10.88.0.0/16"))).toBe(true);
  expect(tagOf("10.89.0.2")).toBe(OTHERS);
  remove(OTHERS, "10.89.0.2/16");
  expect(removeMasqueradeSubnet(nftables, parseIpPrefix("10.89.0.0/16"))).toBe(true);
  expect(node.run("nft", "list ruleset").trim()).toBe("");
  add(MINE, "10.88.0.2/16");
  expect(tagOf("10.88.0.2")).toBe(MINE);
});

test("keeps the table when somebody puts an element into its map while it is looked at", () => {
  add(MINE, "10.88.0.2/16");
  node.run("nft", "add element inet cnidaria masquerade_v4 { 10.88.0.9 : drop }");
  remove(MINE, "10.88.0.2/16");
  expect(removeMasqueradeSubnet(nftables, parseIpPrefix("10.88.0.0/16"))).toBe(true);
  expect(node.run("nft", "list map inet cnidaria masquerade_v4")).toContain("10.88.0.9");
});

test("makes everything again when somebody flushed the packet filter", () => {
  add(MINE, "10.88.0.2/16");
  node.run("nft", "flush", "ruleset");
  add(MINE, "10.88.0.3/16");
  expect(tagOf("10.88.0.3")).toBe(MINE);
  expect(node.run("nft", "list", "ruleset")).toContain("masquerade\n");
});

test("meets the table of another process, and leaves its rules as they are", () => {
  add(MINE, "10.88.0.2/16");
  const before = node.run("nft", "list", "chain", "inet", "cnidaria", "postrouting");
  using second = Nftables.open(node.netns);
  addMasquerade(second, { tag: OTHERS, addresses: prefixes("10.88.0.3/16") });
  expect(node.run("nft", "list", "chain", "inet", "cnidaria", "postrouting")).toBe(before);
  expect([tagOf("10.88.0.2"), tagOf("10.88.0.3")]).toEqual([MINE, OTHERS]);
});

test("looks one address up without listing five thousand others", () => {
  const addresses = Array.from({ length: 5000 }, (_, index) =>
    parseIpPrefix(`10.88.${1 + (index >> 8)}.${index & 255}/16`),
  );
  addMasquerade(nftables, { tag: OTHERS, addresses });
  const { runs } = nftables;
  expect(tagOf("10.88.1.7")).toBe(OTHERS);
  // Not by the library, which would fetch all of them.
  expect(nftables.runs).toBe(runs);
});

test("translates what leaves the subnet, and only that", () => {
  using container = createNamespace();
  using neighbour = createNamespace();
  using outside = createNamespace();
  // Outside has no way back to 10.88.0.0/16: an answer comes only when the source was translated.
  for (const [there, name, address, gateway] of [
    [container, "c", "10.88.0.2/24", "10.88.0.1/24"],
    [neighbour, "n", "10.88.1.2/24", "10.88.1.1/24"],
    [outside, "o", "192.0.2.2/24", "192.0.2.1/24"],
  ] as const) {
    node.ip(`link add v${name} type veth peer name eth0 netns ${there.name}`);
    node.ip(`address add ${gateway} dev v${name}`);
    node.ip(`link set v${name} up`);
    there.ip(`address add ${address} dev eth0`);
    there.ip("link set eth0 up");
  }
  container.ip("route add default via 10.88.0.1");
  neighbour.ip("route add 10.88.0.0/24 via 10.88.1.1");
  writeSysctl(node.netns, { name: "ip_forward" }, 1);
  const answers = (address: string): boolean =>
    container.run("sh", "-c", `ping -n -c 1 -W 1 ${address} >/dev/null 2>&1 && echo yes || echo no`).trim() === "yes";
  expect([answers("192.0.2.2"), answers("10.88.1.2")]).toEqual([false, true]);
  add(MINE, "10.88.0.2/16");
  expect([answers("192.0.2.2"), answers("10.88.1.2")]).toEqual([true, true]);
  expect(neighbour.ip("neighbour show dev eth0")).toContain("10.88.1.1");
  remove(MINE, "10.88.0.2/16");
  expect(answers("192.0.2.2")).toBe(false);
});
