import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { parseIpAddress } from "../../host/spec/ip.ts";
import { addNothing, beginParameters, startBench } from "./support/bench.ts";
import {
  BRIDGE,
  CAPABILITIES,
  PORT,
  VETH,
  addAll,
  addOf,
  expectNothingLeft,
  prefix,
  testNamespace,
} from "./support/cases.ts";
import { beginTestOperation, startTestSandbox } from "./support/helper.ts";
import { installTestPlugin } from "./support/plugin.ts";

const long = Buffer.alloc(4);
long.writeUInt32LE(1 << 20);

test.for<{ title: string; frame: unknown }>([
  { title: "an unknown operation", frame: { send: ["toString"] } },
  { title: "a handle that was never given", frame: { send: ["container-links.get", -1, "eth0"] } },
  { title: "an oversized frame", frame: { raw: long.toString("base64") } },
])("kills a sandbox for $title, undoes its call and lets the ADD not end well", async ({ frame }) => {
  const { helper, container, digest, node } = await startBench();
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, operation);
  await expect(sandbox.order(frame)).rejects.toThrow("the sandbox ended");
  const { refusals } = await operation.endCall("killed");
  expect(refusals).toHaveLength(1);
  await expect(operation.end("ok")).rejects.toThrow("the operation broke and was undone");
  expectNothingLeft(node);
  const { rows } = await helper.request("read-log", {});
  expect(rows.map(({ event }) => event)).toEqual(["begin", "breach", "call", "end"]);
  await helper.close();
});

test("a handle is nothing after its call, and no call open means a breach", async () => {
  const bench = await startBench();
  const sandbox = await startTestSandbox(bench.helper, bench.digest);
  const handle = await addNothing(sandbox, bench);
  await expect(sandbox.ask("container-links.get", handle, "eth0")).rejects.toThrow("the sandbox ended");
  const other = await startTestSandbox(bench.helper, bench.digest);
  const operation = await beginTestOperation(bench.helper, other, addOf(bench.container.path));
  expect(operation.call.containerHandle).not.toBe(handle);
  await expect(other.ask("container-links.get", handle, "eth0")).rejects.toThrow("the sandbox ended");
  await bench.helper.close();
});

test("one verb at a time for a container: another one waits, as containerd adds a pod's networks all at once", async () => {
  const { helper, container, digest } = await startBench();
  const first = await beginTestOperation(helper, await startTestSandbox(helper, digest), addOf(container.path));
  const second = helper.request("begin-operation", beginParameters({ netns: container.path, network: "net2" }));
  await first.endCall();
  await first.end();
  expect(await second).toMatchObject({ namespacePresent: true });
  const { rows } = await helper.request("read-log", {});
  expect(rows.map(({ event, network }) => `${event} ${network}`)).toEqual([
    "begin net1",
    "call net1",
    "end net1",
    "begin net2",
  ]);
  await helper.close();
});

test("one call at a time on a sandbox", async () => {
  const { helper, container, digest } = await startBench();
  const sandbox = await startTestSandbox(helper, digest);
  await beginTestOperation(helper, sandbox, addOf(container.path));
  await expect(
    beginTestOperation(helper, sandbox, { ...addOf(testNamespace().path), containerId: "c2" }),
  ).rejects.toMatchObject({ message: expect.stringContaining("is busy") as string });
  await helper.close();
});

test("the host does not choose the code: another digest than the operator's is refused", async () => {
  const { helper, container, stateDir, digest } = await startBench();
  const other = installTestPlugin(stateDir, { type: "other", capabilities: CAPABILITIES });
  const sandbox = await startTestSandbox(helper, other);
  await expect(beginTestOperation(helper, sandbox, addOf(container.path))).rejects.toMatchObject({
    kind: "notPermitted",
  });
  expect(digest).not.toBe(other);
  await helper.close();
});

test("DEL and CHECK use the component that ADD used", async () => {
  const bench = await startBench();
  const { helper, container, stateDir, digest } = bench;
  await addNothing(await startTestSandbox(helper, digest), bench);
  const newer = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES, hostCalls: 7 });
  const parameters = beginParameters({ verb: "CHECK", netns: container.path, types: ["bridge", "absent"] });
  const check = await helper.request("begin-operation", parameters);
  expect(check.plugins).toMatchObject({ bridge: { digest }, absent: null });
  await helper.request("end-operation", {
    operationId: parameters.operationId,
    outcome: "ok",
    result: undefined,
    phasesMicroseconds: {},
  });
  const add = await helper.request(
    "begin-operation",
    beginParameters({ verb: "ADD", netns: container.path, ifname: "eth1", types: ["bridge"] }),
  );
  expect(add.plugins).toMatchObject({ bridge: { digest: newer } });
  await helper.close();
});

const HANDLE = 77;

test("addresses that an IPAM plugin gave widen the call that asked for it", async () => {
  const { helper, container, digest, stateDir, node } = await startBench();
  const ipam = installTestPlugin(stateDir, {
    type: "ipam",
    exports: ["addresses"],
    capabilities: { leases: { subnets: ["10.1.0.0/24"] } },
  });
  const [sandbox, inner] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, ipam)];
  const configuration = '{"ipam":{"subnet":"10.1.0.0/24"}}';
  const begin = beginParameters({ netns: container.path, types: ["bridge", "ipam"], configuration });
  const common = {
    operationId: begin.operationId,
    configuration: '{"bridge":"cni0"}',
    runtimeConfig: "{}",
    previousResult: undefined,
  };
  const [outerId, nestedId] = [randomUUID(), randomUUID()];
  // One after the other without waiting, as the host does.
  const begun = helper.request("begin-operation", begin);
  const outerBegun = helper.request("begin-call", {
    ...common,
    callId: outerId,
    sandboxId: sandbox.id,
    type: "bridge",
    digest,
    export: "attachment",
    containerHandle: HANDLE,
    parentCallId: undefined,
  });
  const nestedBegun = helper.request("begin-call", {
    ...common,
    callId: nestedId,
    sandboxId: inner.id,
    type: "ipam",
    digest: ipam,
    export: "addresses",
    containerHandle: 0,
    parentCallId: outerId,
  });
  await Promise.all([begun, outerBegun, nestedBegun]);
  await sandbox.ask("container-links.create-veth", HANDLE, VETH);
  const add = (): Promise<unknown> => sandbox.ask("container-addresses.add", HANDLE, "eth0", [prefix(2)]);
  expect(await add()).toEqual({ err: "not-permitted" });
  expect(await inner.ask("leases.reserve", 0, prefix(2).address)).toEqual({ ok: null });
  const ending = { outcome: "ok", phasesMicroseconds: {} } as const;
  const callEnding = { ...ending, error: undefined, log: [], isUnhurried: false } as const;
  await helper.request("end-call", { ...callEnding, callId: nestedId, addresses: ["10.1.0.2/24"] });
  expect(await add()).toEqual({ ok: null });
  // The end of a call that fails takes the operation along, whatever the host says of it in the same breath.
  const brokenId = randomUUID();
  await helper.request("begin-call", {
    ...common,
    callId: brokenId,
    sandboxId: inner.id,
    type: "ipam",
    digest: ipam,
    export: "addresses",
    containerHandle: 0,
    parentCallId: outerId,
  });
  const broken = helper.request("end-call", { ...callEnding, callId: brokenId, addresses: ["nonsense"] });
  const ended = helper.request("end-operation", { ...ending, operationId: begin.operationId, result: "{}" });
  await expect(broken).rejects.toMatchObject({ kind: "helperFailed" });
  await expect(ended).rejects.toMatchObject({ kind: "helperFailed" });
  expectNothingLeft(node);
  await helper.close();
});

test.for([
  { address: "10.1.0.9/24", why: "in the subnet, and not leased" },
  { address: "8.8.8.8/32", why: "somebody else's" },
])("an IPAM plugin that answers $address, $why, is refused, and its ADD with it", async ({ address }) => {
  const { helper, container, digest, stateDir, node } = await startBench();
  const capabilities = { leases: { subnets: ["10.1.0.0/24"] } };
  const ipam = installTestPlugin(stateDir, { type: "ipam", exports: ["addresses"], capabilities });
  const [sandbox, inner] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, ipam)];
  const configuration = '{"bridge":"cni0","ipam":{"subnet":"10.1.0.0/24"}}';
  const begin = beginParameters({ netns: container.path, types: ["bridge", "ipam"], configuration });
  const common = {
    operationId: begin.operationId,
    configuration,
    runtimeConfig: "{}",
    previousResult: undefined,
  };
  const [outerId, nestedId] = [randomUUID(), randomUUID()];
  const outer = { type: "bridge", digest, export: "attachment", containerHandle: HANDLE, parentCallId: undefined };
  const nested = { type: "ipam", digest: ipam, export: "addresses", containerHandle: 0, parentCallId: outerId };
  await helper.request("begin-operation", begin);
  await helper.request("begin-call", { ...common, ...outer, callId: outerId, sandboxId: sandbox.id });
  await helper.request("begin-call", { ...common, ...nested, callId: nestedId, sandboxId: inner.id });
  const created = await sandbox.ask("container-links.create-veth", HANDLE, VETH);
  expect(created).toHaveProperty("ok");
  const ending = { error: undefined, log: [], isUnhurried: false, outcome: "ok", phasesMicroseconds: {} } as const;
  const answered = helper.request("end-call", { ...ending, callId: nestedId, addresses: [address] });
  await expect(answered).rejects.toMatchObject({
    kind: "notPermitted",
    details: expect.stringContaining(`${address}: want an address that is leased to the attachment`) as string,
  });
  const [ip = "", length] = address.split("/");
  const prefix = { address: parseIpAddress(ip), prefixLength: Number(length) };
  expect(await sandbox.ask("container-addresses.add", HANDLE, "eth0", [prefix])).toEqual({ err: "not-permitted" });
  const ended = { operationId: begin.operationId, outcome: "ok", phasesMicroseconds: {}, result: "{}" } as const;
  await expect(helper.request("end-operation", ended)).rejects.toMatchObject({ kind: "helperFailed" });
  expectNothingLeft(node);
  await helper.close();
});

test("a ledger that cannot be written ends the call with its error, and nothing was done", async () => {
  const { helper, container, digest, node } = await startBench("intent:before@2");
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  expect(await sandbox.ask("node-links.ensure-bridge", BRIDGE)).toHaveProperty("ok");
  const create = sandbox.ask("container-links.create-veth", operation.call.containerHandle, { ...VETH, port: PORT });
  await expect(create).rejects.toThrow("the sandbox ended");
  await expect(operation.endCall("killed")).rejects.toMatchObject({
    kind: "stateUnusable",
    message: "the disk is full",
  });
  expect((await operation.end("error")).failures).toEqual([]);
  expectNothingLeft(node);
  await helper.close();
});

test("a lease that cannot be written now is for the plugin to know", async () => {
  const { helper, container, digest } = await startBench("lease:before@1");
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  expect(await sandbox.ask("leases.reserve", 0, prefix(2).address)).toEqual({ err: "unavailable" });
  expect(await sandbox.ask("leases.reserve", 0, prefix(2).address)).toEqual({ ok: null });
  await operation.endCall();
  await helper.close();
});
