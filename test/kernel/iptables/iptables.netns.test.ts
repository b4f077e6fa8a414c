/**
 * What is asked of iptables, by both of its variants and in both families.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { FORWARD_CHAINS, forwardRules, placeOfJump } from "../../../host/kernel/iptables/forwarding.ts";
import { portChains, portRules, translationRules } from "../../../host/kernel/iptables/host-ports.ts";
import { ISOLATION_CHAINS, isolationRules } from "../../../host/kernel/iptables/isolation.ts";
import { Iptables, type IptablesTarget } from "../../../host/kernel/iptables/iptables.ts";
import { MASQUERADE_CHAINS, masqueradeRules } from "../../../host/kernel/iptables/masquerade.ts";
import { hasLegacyTable } from "../../../host/kernel/iptables/presence.ts";
import { defaultVariant, findPrograms, isInstalled, VARIANTS } from "../../../host/kernel/iptables/programs.ts";
import {
  completeShared,
  makeShared,
  mergeTables,
  removeShared,
  type SharedChain,
  type TableChanges,
} from "../../../host/kernel/iptables/rule-text.ts";
import { parseIpPrefix } from "../../../host/spec/ip.ts";
import { createNamespace, type TestNamespace } from "../namespaces.ts";

const TAG = "0123456789abcdef".repeat(2);
const ADDRESSES = { ipv4: ["10.88.0.2/16", "10.88.0.3/16"], ipv6: ["2001:db8::2/64", "2001:db8::3/64"] } as const;
const PROGRAMS = { ipv4: "iptables", ipv6: "ip6tables" } as const;
const TARGETS: readonly IptablesTarget[] = VARIANTS.flatMap((variant) =>
  (["ipv4", "ipv6"] as const).map((family) => ({ variant, family })),
);

let node: TestNamespace;
let iptables: Iptables;

beforeEach(() => {
  node = createNamespace();
  iptables = new Iptables(node.netns);
});

afterEach(() => {
  node[Symbol.dispose]();
});

const make = (chains: readonly SharedChain[]): TableChanges[] =>
  chains.map((shared) => ({ table: shared.table, steps: [makeShared(shared)] }));
const complete = (chains: readonly SharedChain[]): TableChanges[] =>
  chains.map((shared) => ({ table: shared.table, steps: completeShared(shared) }));
const end = (chains: readonly SharedChain[]): TableChanges[] =>
  chains.toReversed().map((shared) => ({ table: shared.table, steps: [removeShared(shared)] }));

describe.for(TARGETS)("$variant of $family", (target) => {
  const { variant, family } = target;
  const [first, second] = ADDRESSES[family].map((text) => ({ tag: TAG, address: parseIpPrefix(text) }));
  if (first === undefined || second === undefined) throw new Error("unreachable");
  const save = (): string[] =>
    node
      .run(`${variant.replace("iptables", PROGRAMS[family])}-save`)
      .split("\n")
      .filter((line) => /^-A|^:CNIDARIA/u.test(line));
  const run = (...words: string[]): string => node.run(variant.replace("iptables", PROGRAMS[family]), ...words);

  test("takes every change, and is left as it was", async () => {
    const bridge = { bridge: "cni0", isClosed: false, tag: TAG };
    const forwarded = { tag: TAG, address: first.address.address };
    const frames = [...MASQUERADE_CHAINS, ...FORWARD_CHAINS, ...ISOLATION_CHAINS];
    const changes = [
      masqueradeRules(first).make(false),
      forwardRules(forwarded).make(false),
      isolationRules(bridge).make(false),
    ];
    await iptables.change(target, mergeTables([...make(frames), ...changes]));
    expect(iptables.runs).toBe(1);
    const rules = save().filter((line) => line.includes(`cnidaria:${TAG}`));
    expect(rules).toHaveLength(4 + 2 + 3);
    const ends = [masqueradeRules(first).end(), forwardRules(forwarded).end(), isolationRules(bridge).end()];
    await iptables.change(target, mergeTables([...ends, ...end(frames)]));
    expect(save()).toEqual([]);
    expect(iptables.runs).toBe(2);
  });

  test("publishes ports, says that they are there, and is left as it was", async () => {
    const source = first.address;
    const conditions = {
      incomingLink: "eth0",
      excludedLink: "eth1",
      sources: [source],
      excludedSources: [second.address],
      destinations: [source],
      excludedDestinations: [second.address],
    };
    const to = { address: first.address.address, port: 80 };
    const from = { family, protocol: "tcp", port: 8080, address: undefined } as const;
    const ports = [
      { tag: TAG, from, to, conditions: undefined },
      { tag: TAG, from: { ...from, protocol: "udp", address: source.address } as const, to, conditions },
    ];
    const address = { ...first, sourceTranslation: "local" } as const;
    const frame = portChains(family);
    const all = [
      ...make(frame),
      ...ports.map((port) => portRules(port).make(false)),
      translationRules(address).make(false),
    ];
    await iptables.change(target, mergeTables(all));
    expect(iptables.runs).toBe(1);
    const shared = frame.map(({ table, jumps, rules }) => ({ table, rules: [...jumps, ...rules] }));
    for (const wanted of [
      ...shared,
      ...ports.map((port) => portRules(port).rules()),
      translationRules(address).rules(),
    ])
      expect(await iptables.firstMissing(target, [wanted])).toBeUndefined();
    const again = [
      ...complete(frame),
      ...ports.map((port) => portRules(port).make(true)),
      translationRules(address).make(true),
    ];
    const before = save().toSorted();
    await iptables.change(target, mergeTables(again));
    expect(save().toSorted()).toEqual(before);
    const ends = [...ports.map((port) => portRules(port).end()), translationRules(address).end(), ...end(frame)];
    await iptables.change(target, mergeTables(ends));
    expect(save()).toEqual([]);
  });

  test("adds to what is there, whoever made it, in one run", async () => {
    await iptables.change(target, mergeTables([...make(MASQUERADE_CHAINS), masqueradeRules(first).make(false)]));
    await iptables.change(target, mergeTables([...complete(MASQUERADE_CHAINS), masqueradeRules(second).make(false)]));
    expect(iptables.runs).toBe(2);
    expect(save().filter((line) => line.startsWith("-A CNIDARIA-MASQ "))).toHaveLength(2);
    // One that has it already gets it once.
    await iptables.change(target, mergeTables([...complete(MASQUERADE_CHAINS), masqueradeRules(first).make(true)]));
    expect(iptables.runs).toBe(3);
    expect(save().filter((line) => line.startsWith("-A CNIDARIA-MASQ "))).toHaveLength(2);
  });

  test("comes after what the node has, and before a last rule that rejects everything", async () => {
    run("-A", "FORWARD", "-i", "eth9", "-j", "ACCEPT");
    run("-A", "FORWARD", "-j", "REJECT");
    run("-t", "nat", "-A", "POSTROUTING", "-o", "eth9", "-j", "ACCEPT");
    const place = placeOfJump(await iptables.readBaseChain(target, "FORWARD"));
    const changes = FORWARD_CHAINS.map(({ table, ...rest }) => ({
      table,
      steps: [makeShared({ table, ...rest }, place)],
    }));
    await iptables.change(target, [...changes, ...make(MASQUERADE_CHAINS)]);
    expect(
      run("-S", "FORWARD")
        .split("\n")
        .map((line) => line.split(" -j ")[1]?.split(" ")[0]),
    ).toEqual([undefined, "ACCEPT", "CNIDARIA-FORWARD", "REJECT", undefined]);
    expect(run("-t", "nat", "-S", "POSTROUTING").trimEnd().split("\n").at(-1)).toMatch(/-j CNIDARIA-MASQ$/u);
  });

  test("makes anew what somebody flushed", async () => {
    const all = [...complete(MASQUERADE_CHAINS), masqueradeRules(first).make(true)];
    await iptables.change(target, mergeTables([...make(MASQUERADE_CHAINS), masqueradeRules(first).make(false)]));
    const before = save();
    // The way there alone; everything in the table; the chains, too.
    for (const flush of [["-F", "POSTROUTING"], ["-F"], ["-F", "", "-X"]]) {
      for (const word of flush[1] === "" ? ["-F", "-X"] : [flush]) run("-t", "nat", ...[word].flat());
      await iptables.change(target, mergeTables(all));
      expect(save().toSorted()).toEqual(before.toSorted());
    }
  });

  test("makes anew what it finds half made", async () => {
    run("-t", "nat", "-N", "CNIDARIA-MASQ");
    await iptables.change(target, mergeTables([...make(MASQUERADE_CHAINS), masqueradeRules(first).make(false)]));
    expect(save()).toContainEqual(expect.stringMatching(/^-A POSTROUTING .*-j CNIDARIA-MASQ$/u));
    expect(save().filter((line) => line.startsWith("-A POSTROUTING"))).toHaveLength(1);
  });

  test("leaves what attachments share as long as one has rules there, and does not mind what is gone", async () => {
    await iptables.change(
      target,
      mergeTables([
        ...make(MASQUERADE_CHAINS),
        masqueradeRules(first).make(false),
        masqueradeRules(second).make(false),
      ]),
    );
    await iptables.change(target, mergeTables([masqueradeRules(first).end(), ...end(MASQUERADE_CHAINS)]));
    expect(await iptables.firstMissing(target, [masqueradeRules(second).rules()])).toBeUndefined();
    expect(save().filter((line) => line.startsWith("-A POSTROUTING"))).toHaveLength(1);
    await iptables.change(target, mergeTables([masqueradeRules(first).end()]));
    run("-t", "nat", "-F", "POSTROUTING");
    await iptables.change(target, mergeTables([masqueradeRules(second).end(), ...end(MASQUERADE_CHAINS)]));
    expect(save()).toEqual([]);
    await iptables.change(target, mergeTables([masqueradeRules(second).end(), ...end(MASQUERADE_CHAINS)]));
    expect(save()).toEqual([]);
  });

  test("does not touch another owner's rules of the same address", async () => {
    const other = { ...first, tag: "f".repeat(32) };
    await iptables.change(target, mergeTables([...make(MASQUERADE_CHAINS), masqueradeRules(other).make(false)]));
    const before = save();
    await iptables.change(target, [masqueradeRules(first).end()]);
    expect(save()).toEqual(before);
  });

  test("tells which rule is missing, and changes nothing", async () => {
    const bridge = { bridge: "cni0", isClosed: true, tag: TAG };
    expect(await iptables.firstMissing(target, [isolationRules(bridge).rules()])).toMatchObject({
      chain: "CNIDARIA-ISOLATE",
    });
    expect(node.run("nft", "list", "ruleset")).toBe("");
    await iptables.change(target, mergeTables([...make(ISOLATION_CHAINS), isolationRules(bridge).make(false)]));
    const before = save();
    expect(await iptables.firstMissing(target, [isolationRules(bridge).rules()])).toBeUndefined();
    const open = { ...bridge, isClosed: false };
    expect(await iptables.firstMissing(target, [isolationRules(open).rules()])).toMatchObject({
      chain: "CNIDARIA-ISOLATE",
      words: expect.arrayContaining(["-o", "RETURN"]),
    });
    expect(save()).toEqual(before);
  });

  test("is judged without being changed, and says what it refuses", async () => {
    iptables.judgeNow(target, make(MASQUERADE_CHAINS));
    expect(save()).toEqual([]);
    const wrong: TableChanges = { table: "nat", steps: [{ texts: ["-A POSTROUTING -j NOT-THERE"] }] };
    await expect(iptables.change(target, [wrong])).rejects.toMatchObject({ errno: "EINVAL" });
    expect(save()).toEqual([]);
  });

  test("reads the policy of a chain", async () => {
    run("-P", "FORWARD", "DROP");
    expect(await iptables.readBaseChain(target, "FORWARD")).toEqual({ policy: "DROP", rules: [] });
    expect(hasLegacyTable(node.netns, family, "filter")).toBe(variant === "iptables-legacy");
  });
});

test("another program that holds the lock of iptables is waited for, and then told of", async () => {
  const target: IptablesTarget = { variant: "iptables-legacy", family: "ipv4" };
  const holder = spawn("flock", ["/run/xtables.lock", "sh", "-c", "echo; read x"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  const changes = make(MASQUERADE_CHAINS);
  await expect(iptables.change(target, changes)).rejects.toMatchObject({ errno: "EBUSY" });
  const waiting = iptables.change(target, changes);
  holder.stdin.end("\n");
  await waiting;
  await iptables.change(target, end(MASQUERADE_CHAINS));
}, 20_000);

test("the machine's own variant is what its iptables says it is", () => {
  const version = execFileSync("iptables", ["--version"], { encoding: "utf8" });
  expect(defaultVariant()).toBe(version.includes("nf_tables") ? "iptables-nft" : "iptables-legacy");
  expect(VARIANTS.map(isInstalled)).toEqual([true, true]);
  expect(findPrograms("iptables-nft", "ipv6").restore).toBe("/usr/sbin/ip6tables-nft-restore");
});

test("nothing is asked of the older part of the kernel where nobody used it", () => {
  expect(hasLegacyTable(node.netns, "ipv4", "filter")).toBe(false);
});
