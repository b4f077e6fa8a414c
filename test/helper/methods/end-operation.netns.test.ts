/**
 * What the end of an operation keeps and what it takes along, by scope, and when it is part of another. Needs root.
 */
import { expect, test } from "vitest";
import type { AttachmentRecord, LeaseRow, LedgerRow } from "../../../host/helper/protocol.ts";
import { addAll, addOf, delOf, expectNothingLeft, prefix } from "../support/cases.ts";
import { startBench } from "../support/bench.ts";
import type { Bench } from "../support/bench.ts";
import { beginTestOperation, startTestHelper, startTestSandbox } from "../support/helper.ts";
import type { TestHelper, TestOperation, TestSandbox } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";

interface Left {
  readonly rows: readonly LedgerRow[];
  readonly leases: readonly LeaseRow[];
  readonly attachments: readonly AttachmentRecord[];
}

async function left(helper: TestHelper): Promise<Left> {
  return {
    rows: (await helper.request("read-ledger", {})).rows,
    leases: (await helper.request("read-leases", {})).rows,
    attachments: (await helper.request("list-attachments", {})).attachments,
  };
}

const NOTHING: Left = { rows: [], leases: [], attachments: [] };

/** The bench, with a plugin that gives addresses, and a sandbox for each of the two. */
interface Scene extends Bench {
  readonly bridge: TestSandbox;
  readonly ipam: TestSandbox;
}

async function startScene(): Promise<Scene> {
  const bench = await startBench();
  const exports = ["addresses"];
  const capabilities = { leases: { subnets: ["10.1.0.0/24"] } };
  const ipam = installTestPlugin(bench.stateDir, { type: "ipam", exports, capabilities });
  const sandboxes = [bench.digest, ipam].map((digest) => startTestSandbox(bench.helper, digest));
  const [first, second] = await Promise.all(sandboxes);
  if (first === undefined || second === undefined) throw new Error("unreachable: two sandboxes were started");
  return { ...bench, bridge: first, ipam: second };
}

/** The IPAM plugin's own executable, which an executable that is run in `within` runs. */
function beginIpam({ helper, ipam, container }: Scene, verb: "ADD" | "DEL", within?: string): Promise<TestOperation> {
  const part = within === undefined ? {} : { within };
  const what = { verb, type: "ipam", scope: "ipam", netns: container.path, export: "addresses", ...part } as const;
  return beginTestOperation(helper, ipam, what);
}

async function addIpam(scene: Scene, within?: string): Promise<void> {
  const operation = await beginIpam(scene, "ADD", within);
  expect(await scene.ipam.ask("leases.reserve", 0, prefix(9).address)).not.toHaveProperty("err");
  await operation.endCall();
  await operation.end();
}

test("an ADD that is part of an ADD is kept and deleted with it", async () => {
  const scene = await startScene();
  const { helper, bridge, container, node } = scene;
  const outer = await beginTestOperation(helper, bridge, addOf(container.path));
  await addAll(bridge, outer);
  await addIpam(scene, outer.operationId);
  await outer.endCall();
  await outer.end();
  const { leases, attachments } = await left(helper);
  expect(leases).toHaveLength(2);
  expect(attachments.map(({ scope }) => scope)).toEqual(["", "ipam"]);
  const del = await beginTestOperation(helper, bridge, delOf(container.path));
  await del.endCall();
  await del.end();
  expect(await left(helper)).toEqual(NOTHING);
  expectNothingLeft(node);
});

test("an ADD that is part of an ADD is undone with it when that fails", async () => {
  const scene = await startScene();
  const { helper, bridge, container, node } = scene;
  const outer = await beginTestOperation(helper, bridge, addOf(container.path));
  await addAll(bridge, outer);
  await addIpam(scene, outer.operationId);
  await outer.endCall("error");
  await outer.end("error");
  expect(await left(helper)).toEqual(NOTHING);
  expectNothingLeft(node);
});

test("an ADD that is part of an ADD whose helper dies is undone by recovery", async () => {
  const scene = await startScene();
  const { helper, bridge, container, stateDir, node } = scene;
  const outer = await beginTestOperation(helper, bridge, addOf(container.path));
  await addAll(bridge, outer);
  await addIpam(scene, outer.operationId);
  helper.process.kill("SIGKILL");
  await helper.exited;
  const next = await startTestHelper({ stateDir, nodePath: node.path });
  expect(await left(next)).toEqual(NOTHING);
  expectNothingLeft(node);
});

test("an ADD that is part of one that is over is not kept", async () => {
  const scene = await startScene();
  const { helper, bridge, container } = scene;
  const outer = await beginTestOperation(helper, bridge, addOf(container.path));
  const inner = await beginIpam(scene, "ADD", outer.operationId);
  await scene.ipam.ask("leases.reserve", 0, prefix(9).address);
  await outer.endCall("error");
  await outer.end("error");
  await inner.endCall();
  await expect(inner.end()).rejects.toMatchObject({ kind: "helperFailed" });
  expect(await left(helper)).toEqual(NOTHING);
});

test("a DEL that is part of an ADD takes back its own, and nothing of that ADD", async () => {
  const scene = await startScene();
  const { helper, bridge, container } = scene;
  const outer = await beginTestOperation(helper, bridge, addOf(container.path));
  await addAll(bridge, outer);
  const before = await left(helper);
  await addIpam(scene, outer.operationId);
  const del = await beginIpam(scene, "DEL", outer.operationId);
  await del.endCall();
  await del.end();
  expect(await left(helper)).toEqual(before);
  await outer.endCall();
  await outer.end();
  expect((await left(helper)).attachments.map(({ scope }) => scope)).toEqual([""]);
});

test("the last plugin that is deleted takes along what is owned by one that nobody knows any more", async () => {
  const scene = await startScene();
  const { helper, bridge, container, stateDir, digest } = scene;
  await addIpam(scene);
  const add = await beginTestOperation(helper, bridge, { ...addOf(container.path), scope: "bridge" });
  await addAll(bridge, add);
  await add.endCall();
  await add.end("ok");
  // Added once more, by a later version, without a DEL between: the record names that one alone.
  const later = installTestPlugin(stateDir, { type: "bridge", hostCalls: 99 });
  expect(later).not.toBe(digest);
  const sandbox = await startTestSandbox(helper, later);
  const again = await beginTestOperation(helper, sandbox, { ...addOf(container.path), scope: "bridge" });
  await again.endCall();
  await again.end();
  const del = await beginTestOperation(helper, sandbox, { ...delOf(container.path), scope: "bridge" });
  await del.endCall();
  await del.end();
  expect((await left(helper)).rows.map(({ kind }) => kind)).toContain("veth");
  const last = await beginIpam(scene, "DEL");
  await last.endCall();
  await last.end();
  expect(await left(helper)).toEqual(NOTHING);
});
