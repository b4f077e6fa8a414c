import { expect, test } from "vitest";
import { createNamespace } from "../../kernel/namespaces.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "../support/helper.ts";
import type { TestOperation, TestSandbox } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";
import { onTestFinished } from "vitest";

const CAPABILITIES = {
  "container-links": { kinds: ["veth"], set: ["up", "down"] },
  "container-addresses": { from: "ipam" },
  "container-routes": {},
  "node-links": { bridges: [{ configuration: "/bridge" }] },
  "node-addresses": { links: [{ configuration: "/bridge" }] },
  "node-forwarding": { families: ["ipv4"] },
  masquerade: {},
};
const VETH = { ifname: "eth0", duplicateAddressDetection: "off", announce: true };
const BRIDGE = { name: "cni0", vlanFiltering: false, promiscuous: false };
const ADDRESS = { address: { tag: "ipv4", val: [10, 1, 0, 2] }, prefixLength: 24 };
const GATEWAY = { address: { tag: "ipv4", val: [10, 1, 0, 1] }, prefixLength: 24 };
const DEFAULT = { destination: { address: { tag: "ipv4", val: [0, 0, 0, 0] }, prefixLength: 0 }, gateway: GATEWAY.address };

function namespace(): ReturnType<typeof createNamespace> {
  const made = createNamespace();
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

async function add(sandbox: TestSandbox, { call }: TestOperation): Promise<void> {
  const { containerHandle: handle } = call;
  expect(await sandbox.ask("node-links.ensure-bridge", BRIDGE)).toMatchObject({ ok: { name: "cni0", kind: "bridge", up: true } });
  const port = { bridge: "cni0", hairpin: true, isolated: false };
  expect(await sandbox.ask("container-links.create-veth", handle, { ...VETH, port })).toMatchObject({
    ok: { container: { name: "eth0", up: false }, node: { up: true } },
  });
  expect(await sandbox.ask("container-addresses.add", handle, "eth0", [ADDRESS])).toEqual({ ok: null });
  expect(await sandbox.ask("node-addresses.ensure", "cni0", [GATEWAY], false)).toEqual({ ok: null });
  expect(await sandbox.ask("container-links.set-up", handle, "eth0", 5000)).toEqual({ ok: null });
  expect(await sandbox.ask("container-routes.add", handle, "eth0", [DEFAULT], "append")).toEqual({ ok: null });
  expect(await sandbox.ask("masquerade.set", [ADDRESS])).toEqual({ ok: null });
}

const WHAT = {
  type: "bridge",
  configuration: { bridge: "cni0" },
  previousResult: { ips: [{ address: "10.1.0.2/24" }] },
};

test("an ADD makes a working attachment and a DEL removes all of it", async () => {
  const node = namespace();
  const container = namespace();
  const stateDir = temporaryStateDir();
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const adding = await beginTestOperation(helper, sandbox, { ...WHAT, verb: "ADD", netns: container.path });
  await add(sandbox, adding);
  const { operations, refusals } = await adding.endCall();
  expect(refusals).toEqual([]);
  console.log(operations);
  expect(await adding.end()).toMatchObject({ failures: [] });
  expect(node.ip("addr show cni0")).toContain("10.1.0.1/24");
  expect(container.run("ping", "-c1", "-W1", "10.1.0.1")).toContain(" 0% packet loss");
  expect(node.run("nft", "list", "ruleset")).toContain("10.1.0.2");

  const deleting = await beginTestOperation(helper, sandbox, { ...WHAT, verb: "DEL", netns: container.path });
  expect(await sandbox.ask("container-links.delete", deleting.call.containerHandle, "eth0")).toEqual({ ok: null });
  console.log((await deleting.endCall()).operations);
  const ended = await deleting.end();
  console.log(ended);
  expect(ended.failures).toEqual([]);
  expect(node.ip("-br link")).not.toMatch(/veth|cni0/u);
  expect(node.run("nft", "list", "ruleset")).not.toContain("10.1.0");
  expect((await helper.request("read-ledger", {})).rows).toEqual([]);
  await helper.close();
});
