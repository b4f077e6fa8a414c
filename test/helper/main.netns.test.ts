import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { layoutOf } from "../../host/components/layout.ts";
import { PROTOCOL_VERSION, encodeFrame } from "../../host/helper/protocol.ts";
import type { BeginOperation, Digest } from "../../host/helper/protocol.ts";
import type { TestNamespace } from "../kernel/namespaces.ts";
import { BRIDGE, CAPABILITIES, PORT, VETH, addAll, addOf, delOf, expectNothingLeft, prefix, testNamespace } from "./support/cases.ts";
import { beginTestOperation, openConnection, startTestHelper, startTestSandbox, temporaryStateDir } from "./support/helper.ts";
import type { TestHelper, TestSandbox } from "./support/helper.ts";
import { KEY, installTestPlugin } from "./support/plugin.ts";

interface Bench {
  readonly node: TestNamespace;
  readonly container: TestNamespace;
  readonly stateDir: string;
  readonly digest: Digest;
  readonly helper: TestHelper;
}

async function start(): Promise<Bench> {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  return { node, container, stateDir, digest, helper: await startTestHelper({ stateDir, nodePath: node.path }) };
}

function begin(changes: Partial<BeginOperation>): BeginOperation {
  return {
    ...{ verb: "ADD", containerId: "c1", network: "net1", ifname: "eth0", netns: "", cniVersion: "1.1.0" },
    ...{ configuration: "{}", args: [], runtimeConfig: "{}", types: [], origin: "test" },
    ...changes,
  };
}

/** NET_ADMIN, NET_RAW, SYS_ADMIN, SETUID, SETGID, SETPCAP, KILL, SYS_CHROOT, SYS_PTRACE. Source: linux/capability.h. */
const CAPABILITY_MASK = [12, 13, 21, 7, 6, 8, 5, 18, 19].reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);

function capabilitiesOf(pid: number, name: string): bigint {
  const digits = new RegExp(`^${name}:\\s+([0-9a-f]+)`, "mu").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  return BigInt(`0x${digits}`);
}

test("the helper has the Linux capabilities that it needs, and no environment", async () => {
  const { helper } = await start();
  for (const name of ["CapEff", "CapPrm", "CapBnd"]) expect({ name, mask: capabilitiesOf(helper.pid, name) }).toEqual({ name, mask: CAPABILITY_MASK });
  expect(capabilitiesOf(helper.pid, "CapInh")).toBe(0n);
  expect(readFileSync(`/proc/${helper.pid}/environ`, "utf8")).toBe("");
  await helper.close();
});

test("the socket is the owner's alone, and says who listens", async () => {
  const { helper, node, stateDir } = await start();
  expect(statSync(helper.socketPath).mode & 0o777).toBe(0o600);
  expect(await helper.request("hello", {})).toMatchObject({
    ...{ protocol: PROTOCOL_VERSION, pid: helper.pid, isolation: "full", stateDir, nodeNetnsCookie: node.netns.cookie.toString() },
  });
  await helper.close();
  expect(existsSync(helper.socketPath)).toBe(false);
});

test("only the process that started the helper may connect", async () => {
  const { helper } = await start();
  const script = `
    const socket = require("node:net").connect(process.argv[1]);
    socket.write(Buffer.from(process.argv[2], "base64"));
    socket.on("data", () => process.exit(1));
    socket.on("error", () => process.exit(0));
    socket.on("close", () => process.exit(0));`;
  const frames = Buffer.concat([encodeFrame({ role: "host", protocol: PROTOCOL_VERSION }), encodeFrame({ id: 1, method: "hello", params: {} })]);
  expect(spawnSync(process.execPath, ["-e", script, helper.socketPath, frames.toString("base64")], { timeout: 10_000 }).status).toBe(0);
  expect(await helper.request("list-plugins", {})).toMatchObject({ plugins: [{ type: "bridge" }] });
  await helper.close();
});

const long = Buffer.alloc(4);
long.writeUInt32LE(1 << 20);

test.for<{ title: string; bytes: Buffer }>([
  { title: "of another protocol", bytes: encodeFrame({ role: "host", protocol: PROTOCOL_VERSION + 1 }) },
  { title: "of an unknown role", bytes: encodeFrame({ role: "root", protocol: PROTOCOL_VERSION }) },
  { title: "for a second host", bytes: encodeFrame({ role: "host", protocol: PROTOCOL_VERSION }) },
  { title: "that is too long", bytes: long },
  { title: "that is not JSON", bytes: Buffer.from("\u0002\0\0\0}}") },
])("ends a connection whose opening is one $title", async ({ bytes }) => {
  const { helper } = await start();
  const socket = await openConnection(helper.socketPath, bytes);
  socket.resume();
  await once(socket, "close");
  expect(await helper.request("hello", {})).toMatchObject({ pid: helper.pid });
  await helper.close();
});

test.for<{ title: string; frame: Buffer }>([
  { title: "an unknown method", frame: encodeFrame({ id: 1, method: "toString", params: {} }) },
  { title: "bytes that are not JSON", frame: Buffer.from("\u0002\0\0\0}}") },
  { title: "parameters of another shape", frame: encodeFrame({ id: 1, method: "hello", params: { a: 1 } }) },
])("ends with the host that sends $title, and undoes what is open", async ({ frame }) => {
  const { helper, container, digest, node } = await start();
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, operation);
  helper.connection.write(frame);
  await helper.exited;
  expectNothingLeft(node);
});

test("a sandbox is alone: its own uid, no environment, and exactly the granted bytes", async () => {
  const { helper, digest, stateDir } = await start();
  const [first, second] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, digest)];
  expect(first.ready).toMatchObject({
    load: { type: "load", digest, wasi: false, exports: ["attachment"], capabilities: Object.keys(CAPABILITIES) },
    files: [["component.js", "export {};\n"]],
  });
  const [one, other] = (await Promise.all([first, second].map((sandbox) => sandbox.order({ status: true })))) as { uid: number; environment: object }[];
  expect(one?.environment).toEqual({});
  expect(one?.uid).toBeGreaterThan(1000);
  expect(one?.uid).not.toBe(other?.uid);
  expect(stateDir).not.toBe("");
  await helper.close();
  await Promise.all([first.ended, second.ended]);
});

test("refuses to start a component with a changed byte, or without a grant", async () => {
  const { helper, digest, stateDir } = await start();
  const layout = layoutOf(stateDir);
  appendFileSync(`${layout.transpiledDir(digest, KEY)}/component.js`, " ");
  const failed = await startTestSandbox(helper, digest);
  expect(failed.ready).toMatchObject({ type: "failed", message: expect.stringContaining("is not what was granted") as string });
  await failed.ended;
  rmSync(layout.grant(digest));
  expect((await startTestSandbox(helper, digest)).ready).toMatchObject({ type: "failed", message: expect.stringContaining("no grant") as string });
  await helper.close();
});

test("kill -9 of the helper ends its sandboxes", async () => {
  const { helper, digest } = await start();
  const sandbox = await startTestSandbox(helper, digest);
  helper.process.kill("SIGKILL");
  await Promise.all([helper.exited, sandbox.ended]);
});

test.for<{ title: string; frame: unknown }>([
  { title: "an unknown operation", frame: { send: ["toString"] } },
  { title: "a handle that was never given", frame: { send: ["container-links.get", -1, "eth0"] } },
  { title: "an oversized frame", frame: { raw: long.toString("base64") } },
])("kills a sandbox for $title, undoes its call and lets the ADD not end well", async ({ frame }) => {
  const { helper, container, digest, node } = await start();
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

async function withCall(sandbox: TestSandbox, bench: Bench): Promise<number> {
  const operation = await beginTestOperation(bench.helper, sandbox, addOf(bench.container.path));
  await operation.endCall();
  await operation.end();
  return operation.call.containerHandle;
}

test("a handle is nothing after its call, and no call open means a breach", async () => {
  const bench = await start();
  const sandbox = await startTestSandbox(bench.helper, bench.digest);
  const handle = await withCall(sandbox, bench);
  await expect(sandbox.ask("container-links.get", handle, "eth0")).rejects.toThrow("the sandbox ended");
  const other = await startTestSandbox(bench.helper, bench.digest);
  const operation = await beginTestOperation(bench.helper, other, addOf(bench.container.path));
  expect(operation.call.containerHandle).not.toBe(handle);
  await expect(other.ask("container-links.get", handle, "eth0")).rejects.toThrow("the sandbox ended");
  await bench.helper.close();
});

test("one verb at a time for a container, and one call at a time on a sandbox", async () => {
  const bench = await start();
  const { helper, container, digest } = bench;
  const sandbox = await startTestSandbox(helper, digest);
  await beginTestOperation(helper, sandbox, addOf(container.path));
  await expect(helper.request("begin-operation", begin({ netns: container.path, network: "net2" }))).rejects.toMatchObject({ kind: "tryAgainLater" });
  await expect(beginTestOperation(helper, sandbox, { ...addOf(testNamespace().path), containerId: "c2" })).rejects.toMatchObject({ message: expect.stringContaining("is busy") as string });
  await helper.close();
});

test("the host does not choose the code: another digest than the operator's is refused", async () => {
  const { helper, container, stateDir, digest } = await start();
  const other = installTestPlugin(stateDir, { type: "other", capabilities: CAPABILITIES });
  const sandbox = await startTestSandbox(helper, other);
  await expect(beginTestOperation(helper, sandbox, addOf(container.path))).rejects.toMatchObject({ kind: "notPermitted" });
  expect(digest).not.toBe(other);
  await helper.close();
});

test("DEL and CHECK use the component that ADD used", async () => {
  const bench = await start();
  const { helper, container, stateDir, digest } = bench;
  await withCall(await startTestSandbox(helper, digest), bench);
  const newer = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES, hostCalls: 7 });
  const check = await helper.request("begin-operation", begin({ verb: "CHECK", netns: container.path, types: ["bridge", "absent"] }));
  expect(check.plugins).toMatchObject({ bridge: { digest }, absent: null });
  await helper.request("end-operation", { operationId: check.operationId, outcome: "ok", result: undefined, phasesMicroseconds: {} });
  const add = await helper.request("begin-operation", begin({ verb: "ADD", netns: container.path, ifname: "eth1", types: ["bridge"] }));
  expect(add.plugins).toMatchObject({ bridge: { digest: newer } });
  await helper.close();
});

test.for<{ title: string; pathOf: (bench: Bench) => string }>([
  { title: "missing", pathOf: () => "/run/netns/cnidaria-t-none" },
  { title: "a file", pathOf: ({ stateDir }) => `${stateDir}/version` },
  { title: "a namespace of another kind", pathOf: () => "/proc/self/ns/uts" },
  { title: "relative", pathOf: () => "run/netns/x" },
  { title: "empty", pathOf: () => "" },
  { title: "the node's own", pathOf: ({ node }) => node.path },
  { title: "the helper's own", pathOf: ({ helper }) => `/proc/${helper.pid}/ns/net` },
])("refuses a namespace that is $title with code 8, and takes it as gone on DEL", async ({ pathOf }) => {
  const bench = await start();
  const netns = pathOf(bench);
  await expect(bench.helper.request("begin-operation", begin({ netns }))).rejects.toMatchObject({ code: 8 });
  const del = await bench.helper.request("begin-operation", begin({ verb: "DEL", netns }));
  expect(del.namespacePresent).toBe(false);
  await bench.helper.close();
});

test("refuses the namespace of another container, and of a sandbox", async () => {
  const bench = await start();
  const { helper, container, digest } = bench;
  const sandbox = await startTestSandbox(helper, digest);
  await withCall(sandbox, bench);
  await expect(helper.request("begin-operation", begin({ containerId: "c2", netns: container.path }))).rejects.toMatchObject({ code: 8, message: expect.stringContaining('"c1"') as string });
  const children = readFileSync(`/proc/${helper.pid}/task/${helper.pid}/children`, "utf8").trim().split(" ");
  const netns = `/proc/${children[0] ?? ""}/ns/net`;
  await expect(helper.request("begin-operation", begin({ containerId: "c3", netns }))).rejects.toMatchObject({ code: 8, message: expect.stringContaining("sandbox") as string });
  await helper.close();
});

test("a DEL does not touch a namespace that took the place of the container's", async () => {
  const bench = await start();
  const { helper, container, digest } = bench;
  const sandbox = await startTestSandbox(helper, digest);
  await withCall(sandbox, bench);
  const other = testNamespace();
  const operation = await beginTestOperation(helper, sandbox, delOf(other.path));
  expect(operation.begun.namespacePresent).toBe(false);
  expect(await sandbox.ask("container-links.get", operation.call.containerHandle, "eth0")).toEqual({ err: "no-namespace" });
  expect(container.name).not.toBe(other.name);
  await helper.close();
});

test("refuses a bridge that others made unless the grant lists it, a link of another kind, and a bridge that took its place", async () => {
  const { helper, container, digest, node, stateDir } = await start();
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  node.ip("link add cni0 type bridge");
  expect(await sandbox.ask("node-links.ensure-bridge", BRIDGE)).toEqual({ err: "not-permitted" });
  expect(await sandbox.ask("container-links.create-veth", operation.call.containerHandle, { ...VETH, port: PORT })).toEqual({ err: "not-permitted" });
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
  const { helper, container, digest } = await start();
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

test("addresses that an IPAM plugin gave widen the call that asked for it", async () => {
  const { helper, container, digest, stateDir } = await start();
  const ipam = installTestPlugin(stateDir, { type: "ipam", exports: ["addresses"], capabilities: { leases: { subnets: ["10.1.0.0/24"] } } });
  const [sandbox, inner] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, ipam)];
  const begun = await helper.request("begin-operation", begin({ netns: container.path, types: ["bridge", "ipam"] }));
  const common = { operationId: begun.operationId, configuration: '{"bridge":"cni0"}', runtimeConfig: "{}", previousResult: undefined };
  const outer = await helper.request("begin-call", { ...common, sandboxId: sandbox.id, type: "bridge", digest, export: "attachment", parentCallId: undefined });
  await sandbox.ask("container-links.create-veth", outer.containerHandle, VETH);
  const add = (): Promise<unknown> => sandbox.ask("container-addresses.add", outer.containerHandle, "eth0", [prefix(2)]);
  expect(await add()).toEqual({ err: "not-permitted" });
  const nested = await helper.request("begin-call", { ...common, sandboxId: inner.id, type: "ipam", digest: ipam, export: "addresses", parentCallId: outer.callId });
  expect(nested.containerHandle).toBe(0);
  expect(await inner.ask("leases.reserve", 0, prefix(2).address)).toEqual({ ok: null });
  await helper.request("end-call", { callId: nested.callId, outcome: "ok", addresses: ["10.1.0.2/24"], error: undefined, log: [], phasesMicroseconds: {} });
  expect(await add()).toEqual({ ok: null });
  await helper.close();
});

test("a helper whose state directory is of a newer version says so, and ends", async () => {
  const { helper, node, stateDir } = await start();
  await helper.close();
  writeFileSync(layoutOf(stateDir).version, "9\n");
  await expect(startTestHelper({ stateDir, nodePath: node.path })).rejects.toMatchObject({ kind: "stateUnusable" });
});

test("the end of the pipe to the host is the end of the helper, open sandboxes included", async () => {
  const { helper, digest } = await start();
  const sandbox = await startTestSandbox(helper, digest);
  (helper.process.stdio[3] as Socket).destroy();
  await Promise.all([helper.exited, sandbox.ended]);
});
