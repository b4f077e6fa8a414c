/**
 * The packet filter that is used where a guest asks for none: one that is granted, or none.
 */
import { expect, test } from "vitest";
import { delWithoutPlugin } from "../support/bench.ts";
import { addOf, testNamespace } from "../support/cases.ts";
import { beginTestOperation, startTestSandbox } from "../support/helper.ts";
import { GRANTED, asks, begin, everywhere, newScene, start } from "../support/iptables.ts";
import { installTestPlugin } from "../support/plugin.ts";

test.for([
  { backends: [], answers: ["not-permitted", "not-permitted", "not-permitted"] },
  { backends: ["firewalld"], answers: ["not-permitted", "unsupported", "unsupported"] },
])("where $backends are granted and none is asked for, neither iptables nor nftables is used", async (row) => {
  const { backends, answers } = row;
  const scene = newScene({
    ...GRANTED,
    masquerade: { backends: backends.filter((each) => each !== "firewalld") },
    "forward-rules": { isolation: ["same-bridge"], backends },
  });
  const helper = await start(scene);
  const sandbox = await startTestSandbox(helper, scene.digest);
  const adding = await beginTestOperation(helper, sandbox, addOf(scene.container.path));
  const before = scene.node.run("nft", "list", "ruleset");
  const { containerHandle } = adding.call;
  await sandbox.ask("node-links.ensure-bridge", { name: "cni0", vlanFiltering: false, promiscuous: false });
  const port = { bridge: "cni0", hairpin: false, isolated: false };
  const veth = { ifname: "eth0", duplicateAddressDetection: "off", announce: false, port };
  expect(await sandbox.ask("container-links.create-veth", containerHandle, veth)).toHaveProperty("ok");
  const got = [];
  for (const ask of asks(undefined)) got.push((await sandbox.ask(...ask)).err);
  expect(got).toEqual(answers);
  expect(scene.node.run("nft", "list", "ruleset")).toBe(before);
  expect(everywhere(scene)).toEqual([]);
  await adding.endCall();
  await adding.end("error");
  await helper.close();
});

test.for([false, true])(
  "a bridge that iptables isolates is left to it where nftables alone is granted, and its rules being gone is $0",
  async (isGone) => {
    const scene = newScene();
    const nftables = { ...GRANTED, "forward-rules": { isolation: ["same-bridge"], backends: ["nftables"] } };
    const digest = installTestPlugin(scene.stateDir, { type: "other", capabilities: nftables });
    const helper = await start(scene);
    const [sandbox, adding] = await begin(helper, scene);
    const isolate = ["forward-rules.isolate", "cni0", "same-bridge"] as const;
    expect(await sandbox.ask(...isolate, "iptables")).toEqual({ ok: null });
    await adding.endCall();
    await adding.end();
    if (isGone) for (const name of ["iptables", "ip6tables"]) scene.node.run(name, "-t", "mangle", "-F");
    const before = everywhere(scene);
    const second = { id: "c2", last: 3, netns: testNamespace().path, type: "other" };
    const [other, joining] = await begin(helper, { ...scene, digest }, second);
    expect(await other.ask(...isolate)).toEqual(isGone ? { err: "not-permitted" } : { ok: null });
    expect(everywhere(scene)).toEqual(before);
    expect((await joining.endCall()).refusals.join("")).toMatch(isGone ? /its rules are gone/u : /^$/u);
    await joining.end(isGone ? "error" : "ok");
    for (const id of ["c1", "c2"]) expect(await delWithoutPlugin(helper, id)).toEqual([]);
    expect(everywhere(scene)).toEqual([]);
    await helper.close();
  },
);

test("where iptables alone is granted and none is asked for, nftables is not used", async () => {
  const iptables = { backends: ["iptables"] };
  const scene = newScene({ ...GRANTED, masquerade: iptables, "forward-rules": iptables });
  const helper = await start(scene);
  const sandbox = await startTestSandbox(helper, scene.digest);
  const adding = await beginTestOperation(helper, sandbox, addOf(scene.container.path));
  for (const [operation, ...args] of asks(undefined).slice(0, 2))
    expect(await sandbox.ask(operation, ...args)).toEqual({ ok: null });
  expect(scene.node.run("nft", "list", "tables")).not.toContain("inet cnidaria");
  expect(everywhere(scene).join("\n")).toMatch(/MASQUERADE/u);
  await adding.endCall();
  await adding.end("error");
  expect(everywhere(scene)).toEqual([]);
  await helper.close();
});
