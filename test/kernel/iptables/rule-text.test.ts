import { describe, expect, test } from "vitest";

import { FORWARD_CHAINS, forwardRules, placeOfJump } from "../../../host/kernel/iptables/forwarding.ts";
import { portChains, portRules, translationRules } from "../../../host/kernel/iptables/host-ports.ts";
import { isolationRules } from "../../../host/kernel/iptables/isolation.ts";
import { MASQUERADE_CHAINS, masqueradeRules } from "../../../host/kernel/iptables/masquerade.ts";
import {
  append,
  completeShared,
  makeChain,
  makeShared,
  mergeTables,
  ownedBy,
  remove,
  removeChain,
  removeShared,
  type Rule,
  rule,
  scriptOf,
  type SharedChain,
  type TableChanges,
  withoutLine,
} from "../../../host/kernel/iptables/rule-text.ts";
import { parseIpAddress, parseIpPrefix } from "../../../host/spec/ip.ts";

const TAG = "0123456789abcdef".repeat(2);
const SHARED: SharedChain = {
  table: "nat",
  name: "SHARED",
  jumps: [rule("POSTROUTING", "-j", "SHARED")],
  rules: [rule("SHARED", "-m", "mark")],
};

function linesOf(...tables: readonly TableChanges[]): string[] {
  return scriptOf(tables).text.trimEnd().split("\n");
}

/** The lines after `iptables-restore` refused those of numbers, one run after the other. */
function refused(tables: readonly TableChanges[], ...lines: readonly number[]): string[] | undefined {
  let left: readonly TableChanges[] | undefined = tables;
  for (const line of lines) left = left === undefined ? undefined : withoutLine(left, line);
  return left === undefined ? undefined : linesOf(...left);
}

describe("text of a transaction", () => {
  test("has a table's lines between its name and its end", () => {
    const one: Rule = rule("A", "-s", "10.0.0.1/32", "-j", "B");
    expect(linesOf({ table: "nat", steps: [makeChain("B", [rule("B", "-j", "RETURN")]), append(one)] })).toEqual([
      "*nat",
      ":B - [0:0]",
      "-A B -j RETURN",
      "-A A -s 10.0.0.1/32 -j B",
      "COMMIT",
    ]);
    expect(linesOf({ table: "nat", steps: [remove(one), removeChain("B")] })).toEqual([
      "*nat",
      "-D A -s 10.0.0.1/32 -j B",
      ":B - [0:0]",
      "-X B",
      "COMMIT",
    ]);
  });

  test("has one part for each table", () => {
    const tables = mergeTables([
      { table: "nat", steps: [append(rule("A", "-j", "B"))] },
      { table: "filter", steps: [append(rule("C", "-j", "D"))] },
      { table: "nat", steps: [append(rule("E", "-j", "F"))] },
    ]);
    expect(linesOf(...tables)).toEqual(["*nat", "-A A -j B", "-A E -j F", "COMMIT", "*filter", "-A C -j D", "COMMIT"]);
  });

  test.for(["", 'a"b', "a b", "a\nb", "a\\b", "a'b", "cni0+", "a%b", "é"])("cannot have the word %j", (word) => {
    expect(() => rule("A", "-i", word)).toThrow(expect.objectContaining({ errno: "EINVAL" }));
  });
});

describe("what is done where a line is refused", () => {
  test("is nothing more for a rule that was to go", () => {
    const tables: TableChanges[] = [{ table: "nat", steps: [remove(rule("A", "-j", "B")), removeChain("B")] }];
    expect(refused(tables, 2)).toEqual(["*nat", ":B - [0:0]", "-X B", "COMMIT"]);
  });

  test("is not known for a rule that was to come, for a line of no step's, and for none at all", () => {
    const tables: TableChanges[] = [{ table: "nat", steps: [append(rule("A", "-j", "B"))] }];
    for (const line of [0, 1, 2, 3, 4]) expect(refused(tables, line), String(line)).toBeUndefined();
  });

  test("is done from its table on: those before are changed", () => {
    const steps = [remove(rule("A", "-j", "B")), append(rule("A", "-j", "C"))];
    const tables: TableChanges[] = [
      { table: "filter", steps },
      { table: "nat", steps },
    ];
    expect(refused(tables, 6)).toEqual(["*nat", "-A A -j C", "COMMIT"]);
    expect(refused(tables, 2)).toEqual(["*filter", "-A A -j C", "COMMIT", ...linesOf({ table: "nat", steps })]);
  });

  test("makes what is lacking of a shared chain", () => {
    const made: TableChanges[] = [{ table: "nat", steps: [makeShared(SHARED)] }];
    expect(refused(made)).toEqual(["*nat", "-N SHARED", "-A SHARED -m mark", "-A POSTROUTING -j SHARED", "COMMIT"]);
    // It is there already: then each part of it is looked for.
    expect(refused(made, 2)).toEqual(linesOf({ table: "nat", steps: completeShared(SHARED) }));
    const completed: TableChanges[] = [{ table: "nat", steps: completeShared(SHARED) }];
    expect(refused(completed)).toEqual(["*nat", "-C SHARED -m mark", "-C POSTROUTING -j SHARED", "COMMIT"]);
    // The chain is there, and the way to it is not.
    expect(refused(completed, 3, 3)).toEqual(["*nat", "-C SHARED -m mark", "-A POSTROUTING -j SHARED", "COMMIT"]);
  });

  test("leaves a shared chain that somebody still has rules in", () => {
    const gone: TableChanges[] = [{ table: "nat", steps: [removeShared(SHARED), append(rule("A", "-j", "B"))] }];
    expect(refused(gone)).toEqual([
      "*nat",
      "-D POSTROUTING -j SHARED",
      "-D SHARED -m mark",
      "-X SHARED",
      "-A A -j B",
      "COMMIT",
    ]);
    expect(refused(gone, 4)).toEqual(["*nat", "-A A -j B", "COMMIT"]);
    // A part of it is gone already.
    expect(refused(gone, 2, 3)).toEqual(["*nat", "-N SHARED", "-D SHARED -m mark", "-X SHARED", "-A A -j B", "COMMIT"]);
  });
});

describe("rules", () => {
  test("of a masqueraded address are in a chain of the attachment's own, entered from the shared one", () => {
    const address = { tag: TAG, address: parseIpPrefix("10.88.0.2/16") };
    const owner = `-m comment --comment cnidaria:${TAG}`;
    const [, own = ""] = linesOf(masqueradeRules(address).make(false));
    const chain = /^:(CNIDARIA-M-[0-9a-f]{14}) - \[0:0\]$/u.exec(own)?.[1] ?? "";
    expect(linesOf(masqueradeRules(address).make(false))).toEqual([
      "*nat",
      `:${chain} - [0:0]`,
      `-A ${chain} -d 10.88.0.0/16 ${owner} -j RETURN`,
      `-A ${chain} -d 224.0.0.0/4 ${owner} -j RETURN`,
      `-A ${chain} ${owner} -j MASQUERADE`,
      `-A CNIDARIA-MASQ -s 10.88.0.2/32 ${owner} -j ${chain}`,
      "COMMIT",
    ]);
    expect(linesOf(masqueradeRules(address).make(true))).toContain(
      `-D CNIDARIA-MASQ -s 10.88.0.2/32 ${owner} -j ${chain}`,
    );
    expect(linesOf(masqueradeRules(address).end())).toEqual([
      "*nat",
      `:${chain} - [0:0]`,
      `-D CNIDARIA-MASQ -s 10.88.0.2/32 ${owner} -j ${chain}`,
      `:${chain} - [0:0]`,
      `-X ${chain}`,
      "COMMIT",
    ]);
    const other = linesOf(masqueradeRules({ ...address, tag: TAG.replace("0", "1") }).make(false));
    expect(other[1]).not.toBe(own);
    expect(MASQUERADE_CHAINS.flatMap(({ jumps }) => jumps.flatMap((each) => append(each).texts))).toEqual([
      "-A POSTROUTING -m comment --comment cnidaria -j CNIDARIA-MASQ",
    ]);
  });

  test("of the other family have its addresses", () => {
    const address = { tag: TAG, address: parseIpPrefix("2001:db8::2/64") };
    const text = linesOf(masqueradeRules(address).make(false)).join("\n");
    for (const part of ["-d 2001:db8::/64", "-d ff00::/8", "-s 2001:db8::2/128"]) expect(text).toContain(part);
  });

  test("of a forwarded address accept what it sends, answers to that, and what was redirected to it", () => {
    const address = { tag: TAG, address: parseIpAddress("10.88.0.2") };
    const owner = ownedBy(TAG).join(" ");
    const rules = [
      `CNIDARIA-FORWARD -s 10.88.0.2/32 ${owner} -j ACCEPT`,
      `CNIDARIA-FORWARD -d 10.88.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED,DNAT ${owner} -j ACCEPT`,
    ];
    expect(linesOf(forwardRules(address).make(false))).toEqual([
      "*filter",
      ...rules.map((each) => `-A ${each}`),
      "COMMIT",
    ]);
    expect(linesOf(forwardRules(address).end())).toEqual(["*filter", ...rules.map((each) => `-D ${each}`), "COMMIT"]);
  });

  test("of an isolated bridge end what goes to another one", () => {
    const bridge = { bridge: "cni0", isClosed: false, tag: TAG };
    const owner = ownedBy(TAG).join(" ");
    const rules = [
      `-A CNIDARIA-ISOLATE -i cni0 -o cni0 ${owner} -j RETURN`,
      `-A CNIDARIA-ISOLATE -i cni0 ${owner} -j CNIDARIA-ISOLATE-2`,
      `-A CNIDARIA-ISOLATE-2 -o cni0 ${owner} -j DROP`,
    ];
    expect(linesOf(isolationRules(bridge).make(false))).toEqual(["*mangle", ...rules, "COMMIT"]);
    expect(linesOf(isolationRules({ ...bridge, isClosed: true }).make(false))).toEqual([
      "*mangle",
      ...rules.slice(1),
      "COMMIT",
    ]);
  });
});

describe("rules of published ports", () => {
  const owner = ownedBy(TAG).join(" ");
  const port = {
    tag: TAG,
    from: { family: "ipv4", protocol: "tcp", port: 8080, address: undefined },
    to: { address: parseIpAddress("10.88.0.2"), port: 80 },
    conditions: undefined,
  } as const;
  const none = { sources: [], excludedSources: [], destinations: [], excludedDestinations: [] };

  test("are a chain of each port's own, entered from the shared one", () => {
    const lines = linesOf(portRules(port).make(false));
    const chain = /^:(CNIDARIA-P-[0-9a-f]{14}) - \[0:0\]$/u.exec(lines[1] ?? "")?.[1] ?? "";
    expect(lines).toEqual([
      "*nat",
      `:${chain} - [0:0]`,
      `-A ${chain} -p tcp ${owner} -j DNAT --to-destination 10.88.0.2:80`,
      `-A CNIDARIA-PORTS -p tcp -m tcp --dport 8080 ${owner} -j ${chain}`,
      "COMMIT",
    ]);
    expect(linesOf(portRules(port).end()).at(-2)).toBe(`-X ${chain}`);
  });

  test("name one address of the node, and an IPv6 target in brackets", () => {
    const from = { family: "ipv6", protocol: "udp", port: 53, address: parseIpAddress("2001:db8::1") } as const;
    const to = { address: parseIpAddress("2001:db8:1::2"), port: 5353 };
    const text = linesOf(portRules({ tag: TAG, from, to, conditions: undefined }).make(false)).join("\n");
    expect(text).toContain("-A CNIDARIA-PORTS -d 2001:db8::1/128 -p udp -m udp --dport 53 ");
    expect(text).toContain("-j DNAT --to-destination [2001:db8:1::2]:5353");
  });

  test("return for what conditions exclude, and go on for one of each list", () => {
    const conditions = {
      ...none,
      incomingLink: "eth0",
      excludedLink: "eth1",
      sources: [parseIpPrefix("192.0.2.0/24"), parseIpPrefix("198.51.100.7/32")],
      excludedSources: [parseIpPrefix("192.0.2.9/32")],
      destinations: [parseIpPrefix("203.0.113.1/32")],
    };
    const conditional = { ...port, conditions };
    const lines = linesOf(portRules(conditional).make(false)).filter((line) => /^-A CNIDARIA-[PQR]-/u.test(line));
    expect(lines.map((line) => line.replaceAll(` ${owner}`, "").replaceAll(/-[0-9a-f]{14}/gu, ""))).toEqual([
      "-A CNIDARIA-R -p tcp -j DNAT --to-destination 10.88.0.2:80",
      "-A CNIDARIA-Q -d 203.0.113.1/32 -j CNIDARIA-R",
      "-A CNIDARIA-P ! -i eth0 -j RETURN",
      "-A CNIDARIA-P -i eth1 -j RETURN",
      "-A CNIDARIA-P -s 192.0.2.9/32 -j RETURN",
      "-A CNIDARIA-P -s 192.0.2.0/24 -j CNIDARIA-Q",
      "-A CNIDARIA-P -s 198.51.100.7/32 -j CNIDARIA-Q",
    ]);
    expect(linesOf(portRules(conditional).end()).filter((line) => line.startsWith("-X"))).toHaveLength(3);
  });

  test("give the node's address to what is to come back this way", () => {
    const address = parseIpPrefix("10.88.0.2/16");
    const rulesOf = (sourceTranslation: "none" | "local" | "all"): string[] =>
      linesOf(translationRules({ tag: TAG, address, sourceTranslation }).make(false))
        .slice(1, -1)
        .map((line) => line.replace(` ${owner}`, ""));
    expect(rulesOf("none")).toEqual([]);
    expect(rulesOf("all")).toEqual(["-A CNIDARIA-PORTS-SRC -d 10.88.0.2/32 -j MASQUERADE"]);
    expect(rulesOf("local")).toEqual([
      "-A CNIDARIA-PORTS-SRC -s 127.0.0.0/8 -d 10.88.0.2/32 -j MASQUERADE",
      "-A CNIDARIA-PORTS-SRC -s 10.88.0.0/16 -d 10.88.0.2/32 -j MASQUERADE",
    ]);
  });

  test("look at nothing but what is for the node's own addresses", () => {
    for (const family of ["ipv4", "ipv6"] as const) {
      const [first] = portChains(family);
      expect(first?.jumps.map(({ chain, words }) => `${chain} ${words.slice(0, 4).join(" ")}`)).toEqual([
        "PREROUTING -m addrtype --dst-type LOCAL",
        "OUTPUT -m addrtype --dst-type LOCAL",
      ]);
    }
  });
});

describe("the way to what is forwarded", () => {
  const [shared] = FORWARD_CHAINS;
  const jump = shared?.jumps[0] ?? rule("FORWARD");

  test.for([
    { title: "nothing", rules: [] },
    { title: "jumps", rules: ["-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD"] },
    { title: "a drop with a condition", rules: ["-A FORWARD -i eth0 -j DROP"] },
    { title: "a drop that is not the last", rules: ["-A FORWARD -j DROP", "-A FORWARD -j OTHERS"] },
  ])("comes last after $title", ({ rules }) => {
    expect(placeOfJump({ policy: "DROP", rules })(jump).texts).toEqual([
      "-A FORWARD -m comment --comment cnidaria -j CNIDARIA-FORWARD",
    ]);
  });

  test.for([
    "-A FORWARD -j DROP",
    "-A FORWARD -j REJECT --reject-with icmp-host-prohibited",
    '-A FORWARD -m comment --comment "all \\"others\\"" -j REJECT',
  ])("comes before a last rule that ends everything: %s", (last) => {
    expect(placeOfJump({ policy: "ACCEPT", rules: ["-A FORWARD -j OTHERS", last] })(jump).texts).toEqual([
      "-I FORWARD 2 -m comment --comment cnidaria -j CNIDARIA-FORWARD",
    ]);
  });
});
