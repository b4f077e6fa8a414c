import { globSync, readlinkSync } from "node:fs";
import { expect, test } from "vitest";
import type { BeginOperation } from "../../../host/helper/protocol.ts";
import { beginParameters } from "../support/bench.ts";
import { CAPABILITIES, PORT, VETH, addAll, addOf, delOf, expectNothingLeft, testNamespace } from "../support/cases.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";

test("an ADD makes a working attachment and a DEL removes all of it", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);

  const adding = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, adding);
  const { operations, refusals } = await adding.endCall();
  expect(refusals).toEqual([]);
  expect(operations.every(({ microseconds, kernelMicroseconds }) => microseconds >= kernelMicroseconds)).toBe(true);
  expect(await adding.end()).toMatchObject({ failures: [] });

  expect(node.ip("addr show cni0")).toContain("10.1.0.1/24");
  expect(container.run("ping", "-c1", "-W1", "10.1.0.1")).toContain(" 0% packet loss");
  expect(node.run("nft", "list", "ruleset")).toContain("10.1.0.2");
  const { rows } = await helper.request("read-ledger", { containerId: "c1" });
  expect(rows.map(({ kind, state }) => `${kind} ${state}`).sort()).toEqual([
    "bridge done",
    "masquerade done",
    "namespace done",
    "veth done",
  ]);
  const veth = rows.find(({ kind }) => kind === "veth");
  expect(node.ip("link show")).toContain(`alias cnidaria:${veth?.tag ?? ""}`);
  expect((await helper.request("read-leases", {})).rows).toMatchObject([{ address: "10.1.0.2", containerId: "c1" }]);
  expect(
    (await helper.request("read-attachment", { network: "net1", containerId: "c1", ifname: "eth0" })).attachment,
  ).toMatchObject({ digests: { bridge: digest } });

  const deleting = await beginTestOperation(helper, sandbox, delOf(container.path));
  expect(await sandbox.ask("container-links.delete", deleting.call.containerHandle, "eth0")).toEqual({ ok: null });
  await deleting.endCall();
  expect((await deleting.end()).failures).toEqual([]);
  expectNothingLeft(node);
  expect((await helper.request("read-ledger", {})).rows).toEqual([]);
  expect((await helper.request("read-leases", {})).rows).toEqual([]);
  expect((await helper.request("list-attachments", {})).attachments).toEqual([]);
  await helper.close();
});

test("two attachments share a bridge, and the last one takes it along", async () => {
  const [node, first, second, stateDir] = [testNamespace(), testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandboxes = [await startTestSandbox(helper, digest), await startTestSandbox(helper, digest)] as const;
  await Promise.all(
    [first, second].map(async (container, index) => {
      const sandbox = sandboxes[index as 0 | 1];
      const operation = await beginTestOperation(helper, sandbox, {
        ...addOf(container.path, index + 2),
        containerId: `c${index}`,
      });
      await addAll(sandbox, operation, index + 2);
      await operation.endCall();
      await operation.end();
    }),
  );
  expect(second.run("ping", "-c1", "-W1", "10.1.0.2")).toContain(" 0% packet loss");

  // No plugin is called and no namespace named: what is owned goes all the same.
  for (const [index, left] of [
    [0, /cni0/u],
    [1, /lo/u],
  ] as const) {
    const del = beginDel(`c${index}`);
    const begun = await helper.request("begin-operation", del);
    expect(begun.namespacePresent).toBe(false);
    const ended = await helper.request("end-operation", {
      operationId: del.operationId,
      outcome: "ok",
      result: undefined,
      phasesMicroseconds: {},
    });
    expect(ended.failures).toEqual([]);
    expect(node.ip("-br link")).toMatch(left);
  }
  expectNothingLeft(node);
  await helper.close();
});

const beginDel = (containerId: string): BeginOperation => beginParameters({ verb: "DEL", containerId });

test("an ADD that fails leaves nothing, and one that fails half-way neither", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, operation);
  await operation.endCall("error");
  expect((await operation.end("error")).failures).toEqual([]);
  expectNothingLeft(node);
  expect(container.ip("-br link")).not.toContain("eth0");
  expect((await helper.request("read-ledger", {})).rows).toEqual([]);
  expect((await helper.request("read-leases", {})).rows).toEqual([]);
  await helper.close();
});

test("a second ADD of an attachment leaves the first one alone", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const first = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, first);
  await first.endCall();
  await first.end();
  const second = await beginTestOperation(helper, sandbox, addOf(container.path));
  expect(await sandbox.ask("leases.reserve", 0, { tag: "ipv4", val: [10, 1, 0, 2] })).toEqual({ err: "taken" });
  expect(await sandbox.ask("container-links.create-veth", second.call.containerHandle, { ...VETH })).toEqual({
    err: "already-exists",
  });
  await second.endCall("error");
  expect((await second.end("error")).failures).toEqual([]);
  expect(container.run("ping", "-c1", "-W1", "10.1.0.1")).toContain(" 0% packet loss");
  expect((await helper.request("read-leases", {})).rows).toHaveLength(1);
  await helper.close();
});

test("a veth that cannot be finished is taken back", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const { call } = await beginTestOperation(helper, sandbox, addOf(container.path));
  const create = (options: object): Promise<unknown> =>
    sandbox.ask("container-links.create-veth", call.containerHandle, { ...VETH, ...options });
  expect(await create({ port: PORT })).toEqual({ err: "not-found" });
  expect(await create({ mtuBytes: 10 })).toEqual({ err: "invalid-argument" });
  expect(await create({ mac: [1, 0, 0, 0, 0, 1] })).toEqual({ err: "invalid-argument" });
  expect(node.ip("-br link")).not.toContain("veth");
  expect((await helper.request("read-ledger", {})).rows.filter(({ kind }) => kind === "veth")).toEqual([]);
  await helper.close();
});

test("every thread of the helper is in the node's namespace, whatever it did", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, operation);
  expect(await sandbox.ask("container-links.delete", operation.call.containerHandle, "eth0")).toEqual({ ok: null });
  const spaces = new Set(globSync(`/proc/${helper.pid}/task/*/ns/net`).map((path) => readlinkSync(path)));
  expect([...spaces]).toEqual([`net:[${String(node.netns.inode)}]`]);
  await helper.close();
});

test("a bridge that is being deleted is waited for, and made again", async () => {
  const [node, first, second, stateDir] = [testNamespace(), testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const [one, other] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, digest)];
  const adding = await beginTestOperation(helper, one, addOf(first.path));
  await addAll(one, adding);
  await adding.endCall();
  await adding.end();
  const deleting = await beginTestOperation(helper, one, delOf(first.path));
  const joining = await beginTestOperation(helper, other, { ...addOf(second.path, 3), containerId: "c2" });
  const gone = one.ask("container-links.delete", deleting.call.containerHandle, "eth0");
  await addAll(other, joining, 3);
  expect(await gone).toEqual({ ok: null });
  await deleting.endCall();
  expect((await deleting.end()).failures).toEqual([]);
  await joining.endCall();
  await joining.end();
  expect(second.run("ping", "-c1", "-W1", "10.1.0.1")).toContain(" 0% packet loss");
  await helper.close();
});
