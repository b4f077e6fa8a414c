/**
 * Masquerading, forwarding and isolation by iptables, in the ledger: by both variants, with and without the grant, and when the helper dies.
 */
import { describe, expect, test } from "vitest";
import { delWithoutPlugin } from "../support/bench.ts";
import { CAPABILITIES, delOf, expectNothingLeft, prefix, testNamespace } from "../support/cases.ts";
import { beforeAndAfter, beginTestOperation, startTestSandbox } from "../support/helper.ts";
import {
  VARIANTS,
  GRANTED,
  SIXTH,
  add,
  asks,
  begin,
  everywhere,
  expectNothingAfterDeath,
  newScene,
  portOf,
  saved,
  start,
  type Ask,
} from "../support/iptables.ts";

describe.for(VARIANTS)("%s", (variant) => {
  test("has rules with their owner's tag, which go with the attachment, without plugin and namespace", async () => {
    const scene = newScene();
    const helper = await start(scene);
    await (await add(helper, scene, variant)).end();
    const { rows } = await helper.request("read-ledger", { containerId: "c1" });
    const kinds = rows.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(["masquerade-iptables", "forward-rules-iptables", "isolation"]));
    const { tag = "" } = rows.find(({ kind }) => kind === "masquerade-iptables") ?? {};
    const rules = saved(scene, variant);
    expect(rules.filter((line) => line.includes(`cnidaria:${tag}`))).toHaveLength(4 + 2 + 3);
    expect(rules.filter((line) => /^-A (POSTROUTING|FORWARD) /u.test(line))).toHaveLength(3);
    expect(everywhere(scene).length - rules.length).toBe(saved(scene, variant, "ip6tables").length);
    expect(await delWithoutPlugin(helper)).toEqual([]);
    expectNothingLeft(scene.node);
    expect(everywhere(scene)).toEqual([]);
    expect((await helper.request("read-ledger", {})).rows).toEqual([]);
    await helper.close();
  });

  test("is left as it was when the ADD fails", async () => {
    const scene = newScene();
    const helper = await start(scene);
    await (await add(helper, scene, variant)).end("error");
    expect(everywhere(scene)).toEqual([]);
    expectNothingLeft(scene.node);
    await helper.close();
  });

  test("keeps what attachments share for the last of them", async () => {
    const scene = newScene();
    const helper = await start(scene);
    await (await add(helper, scene, variant)).end();
    const before = saved(scene, variant);
    const [sandbox, adding] = await begin(helper, scene, { id: "c2", last: 3, netns: testNamespace().path });
    for (const ask of asks(variant, 3)) expect(await sandbox.ask(...ask)).toEqual({ ok: null });
    await adding.endCall();
    await adding.end();
    expect(saved(scene, variant)).toHaveLength(before.length + 5 + 2);
    await delWithoutPlugin(helper, "c2");
    expect(saved(scene, variant).toSorted()).toEqual(before.toSorted());
    await delWithoutPlugin(helper, "c1");
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  });

  test("says what is there, by its own word, and DEL by the plugin ends it", async () => {
    const scene = newScene();
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    for (const ask of asks(variant)) expect(await sandbox.ask(...ask)).toEqual({ ok: null });
    expect(await sandbox.ask("masquerade.set", [SIXTH], variant)).toEqual({ ok: null });
    expect(await sandbox.ask("masquerade.list")).toEqual({ ok: [prefix(2), SIXTH] });
    expect(await sandbox.ask("forward-rules.list")).toEqual({ ok: [prefix(2).address] });
    expect(await sandbox.ask("forward-rules.isolation-of", "cni0")).toEqual({ ok: "same-bridge" });
    scene.node.run(variant, "-t", "nat", "-F", "CNIDARIA-MASQ");
    scene.node.run(variant, "-F", "FORWARD");
    scene.node.run(variant, "-t", "mangle", "-F");
    expect(await sandbox.ask("masquerade.list")).toEqual({ ok: [SIXTH] });
    expect(await sandbox.ask("forward-rules.list")).toEqual({ ok: [] });
    expect(await sandbox.ask("forward-rules.isolation-of", "cni0")).toEqual({ ok: "open" });
    // A repeated wish makes it anew.
    for (const ask of asks(variant)) expect(await sandbox.ask(...ask)).toEqual({ ok: null });
    expect(await sandbox.ask("masquerade.list")).toEqual({ ok: [prefix(2), SIXTH] });
    expect(await sandbox.ask("forward-rules.list")).toEqual({ ok: [prefix(2).address] });
    expect(await sandbox.ask("forward-rules.isolation-of", "cni0")).toEqual({ ok: "same-bridge" });
    await adding.endCall();
    await adding.end();
    const last = await startTestSandbox(helper, scene.digest);
    const deleting = await beginTestOperation(helper, last, delOf(scene.container.path));
    for (const name of ["masquerade", "forward-rules"]) {
      expect(await last.ask(`${name}.remove`)).toEqual({ ok: null });
      expect(await last.ask(`${name}.list`)).toEqual({ ok: [] });
    }
    await deleting.endCall();
    await deleting.end();
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  });

  test("is not heard of without the grant", async () => {
    const scene = newScene({
      ...GRANTED,
      masquerade: {},
      "forward-rules": { isolation: ["same-bridge"] },
      "host-ports": CAPABILITIES["host-ports"],
    });
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    const before = scene.node.run("nft", "list", "ruleset");
    const publish: Ask = ["host-ports.publish", [portOf(8080)], { sourceTranslation: "none", packetFilter: variant }];
    for (const ask of [...asks(variant), ...asks("iptables"), publish])
      expect({ ask, ...(await sandbox.ask(...ask)) }).toEqual({ ask, err: "not-permitted" });
    expect(scene.node.run("nft", "list", "ruleset")).toBe(before);
    // The older part of the kernel was not even loaded for this node.
    expect(scene.node.run("cat", "/proc/net/ip_tables_names")).toBe("");
    await adding.endCall();
    await adding.end();
    await helper.close();
  });

  test("gives an address to one attachment", async () => {
    const scene = newScene();
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    expect(await sandbox.ask("masquerade.set", [SIXTH], variant)).toEqual({ ok: null });
    const [other, second] = await begin(helper, scene, { id: "c2", last: 3, netns: testNamespace().path });
    expect(await other.ask("masquerade.set", [SIXTH], variant)).toEqual({ err: "conflict" });
    expect(await other.ask("masquerade.remove")).toEqual({ ok: null });
    expect(await sandbox.ask("masquerade.list")).toEqual({ ok: [SIXTH] });
    for (const each of [adding, second]) await each.endCall();
    for (const each of [adding, second]) await each.end("error");
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  });

  test("gets the rules of what is forwarded as well where it drops, and nobody asked for a packet filter", async () => {
    const scene = newScene();
    const helper = await start(scene);
    scene.node.run(variant, "-P", "FORWARD", "DROP");
    const [sandbox, adding] = await begin(helper, scene);
    expect(await sandbox.ask("forward-rules.allow", [prefix(2).address, SIXTH.address])).toEqual({ ok: null });
    expect(saved(scene, variant).filter((line) => line.startsWith("-A CNIDARIA-FORWARD "))).toHaveLength(2);
    expect(saved(scene, variant, "ip6tables")).toEqual([]);
    expect(scene.node.run("nft", "list", "table", "inet", "cnidaria")).toContain("10.1.0.2 comment");
    expect(await sandbox.ask("forward-rules.list")).toEqual({ ok: [prefix(2).address, SIXTH.address] });
    expect(await sandbox.ask("forward-rules.obstacles")).toEqual({ ok: [] });
    scene.node.run(variant.replace("iptables", "ip6tables"), "-P", "FORWARD", "DROP");
    const chain = variant === "iptables-nft" ? "ip6 filter FORWARD" : "ip6 filter FORWARD of iptables-legacy";
    expect(await sandbox.ask("forward-rules.obstacles")).toEqual({ ok: [chain] });
    await adding.endCall();
    await adding.end();
    expect(await delWithoutPlugin(helper)).toEqual([]);
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  });

  test("is the one that `iptables` means where it drops what is forwarded", async () => {
    const scene = newScene();
    const helper = await start(scene);
    scene.node.run(variant, "-P", "FORWARD", "DROP");
    const [sandbox, adding] = await begin(helper, scene);
    for (const ask of asks("iptables")) expect(await sandbox.ask(...ask)).toEqual({ ok: null });
    expect(saved(scene, variant).length).toBeGreaterThan(10);
    const other = VARIANTS.find((each) => each !== variant) ?? variant;
    expect(saved(scene, other)).toEqual([]);
    await adding.endCall();
    await adding.end("error");
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  });
});

/** Records around what iptables does, in an ADD. */
const POINTS = beforeAndAfter("intent@4", "intent@5", "share@3", "share@4", "share@5", "ready@2", "ready@3", "ready@4");

test.for(POINTS)("an ADD whose helper dies at %s leaves nothing", (die) =>
  expectNothingAfterDeath(die, (helper, scene) => add(helper, scene, "iptables")),
);

test.for(["unshare:before@2", "unshare:after@3", "unshare:after@4", "removed:before@1", "removed:after@2"])(
  "a DEL whose helper dies at %s leaves nothing when it is repeated",
  async (die) => {
    const scene = newScene();
    const first = await start(scene);
    await (await add(first, scene, "iptables")).end();
    await first.close();
    const dying = await start(scene, die);
    await expect(delWithoutPlugin(dying)).rejects.toThrow();
    await dying.exited;
    const next = await start(scene);
    expect(await delWithoutPlugin(next)).toEqual([]);
    expectNothingLeft(scene.node);
    expect(everywhere(scene)).toEqual([]);
    await next.close();
  },
);
