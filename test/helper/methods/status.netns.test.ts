import { expect, test } from "vitest";
import type { PluginStatus } from "../../../host/helper/protocol.ts";
import { CAPABILITIES, addAll, addOf, delOf, testNamespace } from "../support/cases.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "../support/helper.ts";
import type { TestHelper } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";

const ask = (helper: TestHelper, unused: readonly string[] = []) =>
  helper.request("read-status", { network: "net1", plugins: [{ type: "bridge", unused }] });

/** What is known of the plugin that is installed. */
async function bridgeStatus(helper: TestHelper, unused: readonly string[] = []): Promise<PluginStatus> {
  const { bridge } = (await ask(helper, unused)).plugins;
  if (bridge === undefined || bridge === null) throw new Error("it is not installed");
  return bridge;
}

/** A helper with one attachment on the bridge `cni0`. */
async function attached() {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const adding = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, adding);
  await adding.endCall();
  await adding.end();
  return { node, container, helper, sandbox, digest };
}

test("says of a type that it is not installed, and of one that is what it lacks: nothing, and nothing is made", async () => {
  const [node, stateDir] = [testNamespace(), temporaryStateDir()];
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  expect((await ask(helper)).plugins).toEqual({ bridge: null });
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  expect(await bridgeStatus(helper)).toMatchObject({ plugin: { type: "bridge", digest }, missing: [], lost: [] });
  expect(node.run("nft", "list", "ruleset")).toBe("");
  expect(node.ip("-o link").trim().split("\n")).toHaveLength(1);
  await helper.close();
});

test.for<{ title: string; spoil: readonly string[]; unused?: readonly string[]; lost: readonly string[] }>([
  { title: "nothing, while all is well", spoil: [], lost: [] },
  { title: "a bridge that is down", spoil: ["link set cni0 down"], lost: ['bridge "cni0" is down'] },
  { title: "a bridge that is gone", spoil: ["link del cni0"], lost: ['bridge "cni0" is gone'] },
  {
    title: "a bridge that somebody else made since",
    spoil: ["link del cni0", "link add cni0 type bridge"],
    lost: ['"cni0" is not the bridge that was made'],
  },
  { title: "no bridge where none is used", spoil: ["link del cni0"], unused: ["node-links"], lost: [] },
])("what attachments have lost: $title", async ({ spoil, unused, lost }) => {
  const { node, helper } = await attached();
  for (const command of spoil) node.ip(command);
  expect((await bridgeStatus(helper, unused)).lost).toEqual(lost);
  await helper.close();
});

test("what attachments have lost: the table that masquerades, unless the network does not masquerade", async () => {
  const { node, helper } = await attached();
  node.run("nft", "flush", "ruleset");
  expect((await bridgeStatus(helper)).lost).toEqual(["the table of the packet filter that masquerades is gone"]);
  expect((await bridgeStatus(helper, ["masquerade"])).lost).toEqual([]);
  await helper.close();
});

test("another network's attachments have lost nothing", async () => {
  const { node, helper } = await attached();
  node.ip("link del cni0");
  node.run("nft", "flush", "ruleset");
  const { plugins } = await helper.request("read-status", {
    network: "net2",
    plugins: [{ type: "bridge", unused: [] }],
  });
  expect(plugins["bridge"]).toMatchObject({ missing: [], lost: [] });
  await helper.close();
});

test("leases that changed show, those of other networks and questions do not", async () => {
  const { helper, sandbox, container } = await attached();
  const before = (await ask(helper)).leases;
  expect((await ask(helper)).leases).toBe(before);
  const other = (await helper.request("read-status", { network: "net2", plugins: [] })).leases;
  const deleting = await beginTestOperation(helper, sandbox, delOf(container.path));
  await sandbox.ask("leases.release");
  await deleting.endCall();
  await deleting.end();
  expect((await ask(helper)).leases).not.toBe(before);
  expect((await helper.request("read-status", { network: "net2", plugins: [] })).leases).toBe(other);
  await helper.close();
});
