import { expect, test } from "vitest";
import { startBench } from "../support/bench.ts";
import { BRIDGE, CAPABILITIES, PORT, VETH, addAll, addOf, delOf, prefix, testNamespace } from "../support/cases.ts";
import { beginTestOperation, startTestSandbox } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";

test("refuses a bridge that others made unless the grant lists it, a link of another kind, and a bridge that took its place", async () => {
  const { helper, container, digest, node, stateDir } = await startBench();
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  node.ip("link add cni0 type bridge");
  expect(await sandbox.ask("node-links.ensure-bridge", BRIDGE)).toEqual({ err: "not-permitted" });
  expect(
    await sandbox.ask("container-links.create-veth", operation.call.containerHandle, { ...VETH, port: PORT }),
  ).toEqual({ err: "not-permitted" });
  expect(await sandbox.ask("node-addresses.ensure", "cni0", [prefix(1)], false)).toEqual({ err: "not-permitted" });
  expect(await sandbox.ask("node-addresses.list", "cni0")).toEqual({ ok: [] });
  const { refusals } = await operation.endCall("error");
  expect(refusals[0]).toContain('"adopt"');
  await operation.end("error");
  expect(node.ip("-br link")).toContain("cni0");

  const adopting = installTestPlugin(stateDir, {
    type: "adopting",
    capabilities: { ...CAPABILITIES, "node-links": { bridges: ["cni0"], adopt: ["cni0"] } },
  });
  const adopter = await startTestSandbox(helper, adopting);
  const adopted = await beginTestOperation(helper, adopter, { ...addOf(container.path), type: "adopting" });
  await addAll(adopter, adopted);
  await adopted.endCall();
  await adopted.end();
  expect(node.ip("addr show cni0")).toContain("10.1.0.1/24");
  const deleting = await beginTestOperation(helper, adopter, { ...delOf(container.path), type: "adopting" });
  await deleting.endCall();
  expect((await deleting.end()).failures).toEqual([]);
  expect(node.ip("addr show cni0")).not.toContain("10.1.0.1/24");
  expect(node.ip("-br link")).toMatch(/cni0(?![\s\S]*veth)/u);

  node.ip("link del cni0");
  node.ip("link add cni0 type veth peer name other");
  const wrong = await beginTestOperation(helper, sandbox, addOf(container.path));
  expect(await sandbox.ask("node-links.ensure-bridge", BRIDGE)).toEqual({ err: "wrong-kind" });
  await wrong.endCall("error");
  await wrong.end("error");
  await helper.close();
});

test("refuses an address that is leased to another attachment", async () => {
  const { helper, container, digest } = await startBench();
  const [first, second] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, digest)];
  await beginTestOperation(helper, first, addOf(container.path));
  expect(await first.ask("leases.reserve", 0, prefix(2).address)).toEqual({ ok: null });
  const operation = await beginTestOperation(helper, second, { ...addOf(testNamespace().path), containerId: "c2" });
  const { containerHandle: handle } = operation.call;
  expect(await second.ask("container-links.create-veth", handle, VETH)).toHaveProperty("ok");
  expect(await second.ask("container-addresses.add", handle, "eth0", [prefix(2)])).toEqual({ err: "not-permitted" });
  expect(await second.ask("masquerade.set", [prefix(2)])).toEqual({ err: "not-permitted" });
  await helper.close();
});

test("refuses a link of the node whose name another attachment's link has by now", async () => {
  const { helper, container, stateDir, node } = await startBench();
  const links = { ...CAPABILITIES["container-links"], nodeNames: ["taken0"] };
  const capabilities = { ...CAPABILITIES, "container-links": links, "node-addresses": { own: true } };
  const digest = installTestPlugin(stateDir, { type: "pairing", capabilities });
  const [first, second] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, digest)];
  const veth = { ...VETH, nodeName: "taken0" };
  const adding = await beginTestOperation(helper, first, { ...addOf(container.path), type: "pairing" });
  const { containerHandle: handle } = adding.call;
  expect(await first.ask("container-links.create-veth", handle, veth)).toHaveProperty("ok");
  expect(await first.ask("node-addresses.ensure", "taken0", [prefix(1)], false)).toEqual({ ok: null });
  expect(await first.ask("node-routes.ensure", "taken0", [prefix(2).address])).toEqual({ ok: null });
  expect(await first.ask("spoof-guard.set", "taken0", [2, 0, 0, 0, 0, 9])).toEqual({ ok: null });
  container.ip("link del eth0");
  const others = { ...addOf(testNamespace().path, 3), type: "pairing", containerId: "c2" };
  const other = await beginTestOperation(helper, second, others);
  expect(await second.ask("container-links.create-veth", other.call.containerHandle, veth)).toHaveProperty("ok");
  const refused = { err: "not-permitted" };
  expect(await first.ask("node-addresses.ensure", "taken0", [prefix(1)], false)).toEqual(refused);
  expect(await first.ask("node-routes.ensure", "taken0", [prefix(2).address])).toEqual(refused);
  expect(await first.ask("node-routes.list", "taken0")).toEqual(refused);
  expect(await first.ask("spoof-guard.set", "taken0", [2, 0, 0, 0, 0, 9])).toEqual(refused);
  expect(node.ip("-4 addr show taken0")).toBe("");
  expect(node.ip("route")).toBe("");
  await helper.close();
});

test("refuses the port that another plugin of the attachment guards, and leaves its guard as it is", async () => {
  const { helper, container, stateDir, node } = await startBench();
  const links = { ...CAPABILITIES["container-links"], nodeNames: ["guarded0"] };
  const capabilities = { ...CAPABILITIES, "container-links": links };
  const digest = installTestPlugin(stateDir, { type: "first", capabilities });
  const first = await startTestSandbox(helper, digest);
  const second = await startTestSandbox(helper, installTestPlugin(stateDir, { type: "second", capabilities }));
  const adding = await beginTestOperation(helper, first, { ...addOf(container.path), type: "first" });
  const veth = { ...VETH, nodeName: "guarded0" };
  expect(await first.ask("container-links.create-veth", adding.call.containerHandle, veth)).toHaveProperty("ok");
  expect(await first.ask("spoof-guard.set", "guarded0", [2, 0, 0, 0, 0, 9])).toEqual({ ok: null });
  expect(await first.ask("spoof-guard.set", "guarded0", [2, 0, 0, 0, 0, 8])).toEqual({ ok: null });
  await adding.endCall();
  await adding.end();
  const before = node.run("nft", "list", "ruleset");
  const chained = await beginTestOperation(helper, second, {
    ...addOf(container.path),
    type: "second",
    scope: "second",
  });
  expect(await second.ask("spoof-guard.set", "guarded0", [2, 0, 0, 0, 0, 7])).toEqual({ err: "not-permitted" });
  expect(node.run("nft", "list", "ruleset")).toBe(before);
  expect((await chained.endCall("error")).refusals.join("")).toContain("guarded by another plugin");
  await chained.end("error");
  expect(node.run("nft", "list", "ruleset")).toBe(before);
  await helper.close();
});
