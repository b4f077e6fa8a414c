/**
 * Published ports by iptables, in the ledger: by both variants, and when the helper dies.
 */
import { describe, expect, test } from "vitest";
import { expectNothingLeft, testNamespace } from "../support/cases.ts";
import {
  VARIANTS,
  CONDITIONS,
  addWithPort,
  begin,
  delWithoutPlugin,
  everywhere,
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

const PORT_POINTS = ["intent@4", "intent@6", "share@2", "ready@2", "intent@7", "done@4"].flatMap((point) => {
  const [name = "", number = ""] = point.split("@");
  return [`${name}:before@${number}`, `${name}:after@${number}`];
});

test.for(PORT_POINTS)("an ADD with ports whose helper dies at %s leaves nothing", async (die) => {
  const scene = newScene();
  const dying = await start(scene, die);
  await expect(addWithPort(dying, scene).then((adding) => adding.end())).rejects.toThrow();
  await dying.exited;
  expect(dying.stderr()).toContain(`reached ${die}`);
  const next = await start(scene);
  await delWithoutPlugin(next);
  expectNothingLeft(scene.node);
  expect(everywhere(scene)).toEqual([]);
  await (await addWithPort(next, scene)).end();
  expect(await delWithoutPlugin(next)).toEqual([]);
  expect(everywhere(scene)).toEqual([]);
  await next.close();
});
