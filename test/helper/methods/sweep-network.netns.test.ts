import { expect, test } from "vitest";
import type { BeginOperation } from "../../../host/helper/protocol.ts";
import type { TestNamespace } from "../../kernel/namespaces.ts";
import { beginParameters } from "../support/bench.ts";
import { CAPABILITIES, addAll, addOf, expectNothingLeft, testNamespace } from "../support/cases.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "../support/helper.ts";
import type { TestHelper } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";

const beginningOf = (verb: BeginOperation["verb"], change: Partial<BeginOperation> = {}): BeginOperation =>
  beginParameters({ verb, containerId: "", ifname: "", ...change });

/** Does a GC without any DEL, as if no plugin were there; gives what could not be removed. */
async function collect(helper: TestHelper, containerIds: readonly string[] = []): Promise<readonly string[]> {
  const gc = beginningOf("GC");
  const { operationId } = gc;
  await helper.request("begin-operation", gc);
  const valid = containerIds.map((containerId) => ({ containerId, ifname: "eth0" }));
  const { failures } = await helper.request("sweep-network", { operationId, valid });
  await helper.request("end-operation", { operationId, outcome: "ok", result: undefined, phasesMicroseconds: {} });
  return failures;
}

/** Adds the containers `c2`, `c3`, … with the addresses 10.1.0.2, 10.1.0.3, …; gives their namespaces. */
async function addMany(helper: TestHelper, digest: `sha256:${string}`, count: number): Promise<TestNamespace[]> {
  const containers: TestNamespace[] = [];
  for (let last = 2; last < 2 + count; last += 1) {
    const container = testNamespace();
    const sandbox = await startTestSandbox(helper, digest);
    const adding = await beginTestOperation(helper, sandbox, {
      ...addOf(container.path, last),
      containerId: `c${last}`,
    });
    await addAll(sandbox, adding, last);
    await adding.endCall();
    await adding.end();
    containers.push(container);
  }
  return containers;
}

async function start(
  options: { readonly stateDir?: string; readonly node?: TestNamespace; readonly die?: string } = {},
) {
  const { stateDir = temporaryStateDir(), node = testNamespace(), die } = options;
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path, die });
  return { stateDir, node, digest, helper };
}

const rowsOf = async (helper: TestHelper): Promise<readonly string[]> => {
  const { rows } = await helper.request("read-ledger", {});
  return [...new Set(rows.map(({ containerId }) => containerId))].sort();
};

test("the sweep removes what is stale, and leaves what is valid as it is", async () => {
  const { node, digest, helper } = await start();
  const [kept] = await addMany(helper, digest, 3);
  expect(await collect(helper, ["c2"])).toEqual([]);
  expect(await rowsOf(helper)).toEqual(["c2"]);
  expect((await helper.request("read-leases", {})).rows).toMatchObject([{ address: "10.1.0.2" }]);
  expect(kept?.run("ping", "-c1", "-W1", "10.1.0.1")).toContain(" 0% packet loss");
  expect(node.run("nft", "list", "ruleset")).not.toMatch(/10\.1\.0\.[34] /u);
  // The records stay: a DEL that did not come to its end is repeated with them.
  expect((await helper.request("list-attachments", {})).attachments).toHaveLength(3);
  expect(await collect(helper)).toEqual([]);
  expectNothingLeft(node);
  await helper.close();
});

test("what is stale is listed by container, the last made first", async () => {
  const { digest, helper } = await start();
  await addMany(helper, digest, 2);
  const gc = beginningOf("GC");
  await helper.request("begin-operation", gc);
  const valid = [{ containerId: "c3", ifname: "eth0" }];
  const { stale } = await helper.request("list-stale", { operationId: gc.operationId, valid });
  expect(stale).toEqual([{ containerId: "c2", ifname: "eth0", scope: "" }]);
  await helper.close();
});

test("attachments of another namespace of the node are not this one's to collect", async () => {
  const { stateDir, node, digest, helper } = await start();
  const [container] = await addMany(helper, digest, 1);
  const other = await start({ stateDir });
  expect(await collect(other.helper)).toEqual([]);
  expect(container?.run("ping", "-c1", "-W1", "10.1.0.1")).toContain(" 0% packet loss");
  expect((await helper.request("read-leases", {})).rows).toHaveLength(1);
  expect(node.ip("addr show cni0")).toContain("10.1.0.1/24");
  expect(await collect(helper)).toEqual([]);
  expectNothingLeft(node);
  await other.helper.close();
  await helper.close();
});

test.for<{ title: string; begun: BeginOperation }>([
  { title: "no operation", begun: beginningOf("GC", { network: "net2" }) },
  { title: "another verb", begun: beginningOf("STATUS") },
])("nothing is swept without a GC: $title", async ({ title, begun }) => {
  const { digest, helper } = await start();
  await addMany(helper, digest, 1);
  if (title === "another verb") await helper.request("begin-operation", begun);
  const asked = { operationId: begun.operationId, valid: [] };
  for (const method of ["sweep-network", "list-stale"] as const)
    await expect(helper.request(method, asked)).rejects.toMatchObject({ kind: "helperFailed" });
  expect(await rowsOf(helper)).toEqual(["c2"]);
  await helper.close();
});

/** Records of a sweep of two attachments, and of the end of its GC. */
const POINTS = [
  "unshare@1",
  "unshare@2",
  "removed@1",
  "release@1",
  "release@2",
  "forget@1",
  "forget@4",
  "flush@1",
  "flush@2",
].flatMap((point) => {
  const [record = "", number = ""] = point.split("@");
  return [`${record}:before@${number}`, `${record}:after@${number}`];
});

test.for(POINTS)("a helper that dies at %s leaves nothing that the next GC does not remove", async (die) => {
  const { stateDir, node, digest, helper } = await start();
  await addMany(helper, digest, 2);
  await helper.close();
  const { helper: dying } = await start({ stateDir, node, die });
  await expect(collect(dying)).rejects.toMatchObject({ kind: "helperFailed" });
  await dying.exited;
  const { helper: next } = await start({ stateDir, node });
  expect(await collect(next)).toEqual([]);
  expectNothingLeft(node);
  expect(await rowsOf(next)).toEqual([]);
  expect((await next.request("read-leases", {})).rows).toEqual([]);
  await next.close();
});
