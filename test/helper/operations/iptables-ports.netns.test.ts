/**
 * Published ports by iptables, in the ledger: by both variants, and when the helper dies.
 */
import { describe, expect, test } from "vitest";
import { delWithoutPlugin } from "../support/bench.ts";
import { prefix, testNamespace } from "../support/cases.ts";
import { beforeAndAfter } from "../support/helper.ts";
import {
  VARIANTS,
  CONDITIONS,
  SIXTH,
  addWithPort,
  begin,
  everywhere,
  expectNothingAfterDeath,
  newScene,
  portOf,
  saved,
  start,
} from "../support/iptables.ts";

describe.for(VARIANTS)("%s", (variant) => {
  test("publishes ports in the place of others, and each is one attachment's", async () => {
    const scene = newScene();
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    const publish = (ports: readonly object[], more: object = {}): Promise<unknown> =>
      sandbox.ask("host-ports.publish", ports, { sourceTranslation: "local", packetFilter: variant, ...more });
    expect(await publish([portOf(8080), portOf(8053, 2, "udp")])).toEqual({ ok: null });
    expect(await sandbox.ask("host-ports.list")).toEqual({ ok: [portOf(8080), portOf(8053, 2, "udp")] });
    expect(scene.node.run("sysctl", "-n", "net.ipv4.conf.cni0.route_localnet").trim()).toBe("1");
    const entries = (): string[] => saved(scene, variant).filter((line) => line.startsWith("-A CNIDARIA-PORTS "));
    expect(entries()).toHaveLength(2);
    // In the place of those, with conditions.
    expect(await publish([portOf(8081)], { conditionsV4: CONDITIONS })).toEqual({ ok: null });
    expect(entries()).toEqual([expect.stringContaining("--dport 8081 ")]);
    expect(saved(scene, variant)).toContainEqual(expect.stringMatching(/^-A CNIDARIA-P-\w+ ! -i cni0 .*-j RETURN$/u));
    expect(await sandbox.ask("host-ports.list")).toEqual({ ok: [portOf(8081)] });
    // Reserved, whatever the packet filter.
    const [other, second] = await begin(helper, scene, { id: "c2", last: 3, netns: testNamespace().path });
    for (const packetFilter of [variant, "nftables"]) {
      const asked = await other.ask("host-ports.publish", [portOf(8081, 3)], {
        sourceTranslation: "local",
        packetFilter,
      });
      expect(asked).toEqual({ err: "conflict" });
    }
    expect(await other.ask("host-ports.publish", [portOf(8082, 3)], { sourceTranslation: "local" })).toEqual({
      ok: null,
    });
    scene.node.run(variant, "-t", "nat", "-F", "CNIDARIA-PORTS");
    expect(await sandbox.ask("host-ports.list")).toEqual({ ok: [] });
    // The network says something else by now: what was made by iptables is undone by iptables.
    expect(await publish([portOf(8081)], { packetFilter: "nftables" })).toEqual({ ok: null });
    expect(entries()).toEqual([]);
    expect(await publish([portOf(8081)])).toEqual({ ok: null });
    expect(entries()).toHaveLength(1);
    for (const each of [adding, second]) await each.endCall();
    for (const each of [adding, second]) await each.end();
    expect(await delWithoutPlugin(helper, "c2")).toEqual([]);
    expect(await delWithoutPlugin(helper, "c1")).toEqual([]);
    expect(everywhere(scene)).toEqual([]);
    expect(scene.node.run("nft", "list", "tables")).not.toContain("cnidaria");
    await helper.close();
  });

  test("keeps what was published where iptables refuses what was to take its place", async () => {
    const scene = newScene();
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    const options = { sourceTranslation: "none", packetFilter: variant };
    const ports = (containerPort: number): readonly object[] =>
      [portOf(8080), { ...portOf(8080), containerAddress: SIXTH }].map((port) => ({ ...port, containerPort }));
    // One of them is new to the second publication.
    const publish = (containerPort: number, more: readonly object[]): Promise<unknown> =>
      sandbox.ask("host-ports.publish", [...ports(containerPort), ...more], options);
    expect(await publish(80, [])).toEqual({ ok: null });
    const before = everywhere(scene);
    const chain = /-j (CNIDARIA-P-\w+)/u.exec(saved(scene, variant, "ip6tables").join("\n"))?.[1] ?? "";
    // Somebody's rule that leads there: the chain cannot be replaced, and of IPv4 the new ones are there by then.
    const others = (...words: readonly string[]): string =>
      scene.node.run(variant.replace("iptables", "ip6tables"), "-t", "nat", ...words);
    others("-N", "OTHERS");
    others("-A", "OTHERS", "-j", chain);
    expect(await publish(81, [portOf(8081)])).toHaveProperty("err");
    others("-F", "OTHERS");
    others("-X", "OTHERS");
    expect(everywhere(scene).toSorted()).toEqual(before.toSorted());
    expect(await sandbox.ask("host-ports.list")).toEqual({ ok: ports(80) });
    await adding.endCall();
    await adding.end();
    expect(everywhere(scene).toSorted()).toEqual(before.toSorted());
    expect(await delWithoutPlugin(helper)).toEqual([]);
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  });

  test("refuses more rules than iptables may be kept busy with, and says how many", async () => {
    const scene = newScene();
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    const among = (third: number): object[] => Array.from({ length: 64 }, (_, last) => prefix(last, third));
    const conditionsV4 = { ...CONDITIONS, sources: among(1), excludedSources: among(2), destinations: among(3) };
    const ports = Array.from({ length: 11 }, (_, each) => portOf(8000 + each));
    const options = { sourceTranslation: "none", packetFilter: variant, conditionsV4 };
    expect(await sandbox.ask("host-ports.publish", ports, options)).toEqual({ err: "invalid-argument" });
    expect(everywhere(scene)).toEqual([]);
    expect(await sandbox.ask("host-ports.publish", ports, { ...options, packetFilter: "nftables" })).toEqual({
      ok: null,
    });
    await adding.endCall();
    await adding.end("error");
    await helper.close();
  });

  test("withdraws ports, and those of an ADD that failed", async () => {
    const scene = newScene();
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    const options = { sourceTranslation: "all", packetFilter: variant };
    expect(await sandbox.ask("host-ports.publish", [portOf(8080)], options)).toEqual({ err: "not-permitted" });
    const allowed = { ...options, sourceTranslation: "none" };
    expect(await sandbox.ask("host-ports.publish", [portOf(8080)], allowed)).toEqual({ ok: null });
    expect(await sandbox.ask("host-ports.withdraw")).toEqual({ ok: null });
    expect(await sandbox.ask("host-ports.list")).toEqual({ ok: [] });
    expect(saved(scene, variant).filter((line) => line.startsWith("-A CNIDARIA-PORTS "))).toEqual([]);
    expect(await sandbox.ask("host-ports.publish", [portOf(8080)], allowed)).toEqual({ ok: null });
    await adding.endCall();
    await adding.end("error");
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  });
});

const PORT_POINTS = beforeAndAfter("intent@4", "intent@6", "share@2", "ready@2", "intent@7", "done@4");

test.for(PORT_POINTS)("an ADD with ports whose helper dies at %s leaves nothing", (die) =>
  expectNothingAfterDeath(die, addWithPort),
);
