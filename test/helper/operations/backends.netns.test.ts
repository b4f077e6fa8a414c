/**
 * The packet filter that is used where a guest asks for none: one that is granted, or none.
 */
import { expect, test } from "vitest";
import { addOf } from "../support/cases.ts";
import { beginTestOperation, startTestSandbox } from "../support/helper.ts";
import { GRANTED, asks, everywhere, newScene, start } from "../support/iptables.ts";

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
