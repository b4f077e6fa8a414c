import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { layoutOf } from "../../host/components/layout.ts";
import { encodeFrame } from "../../host/helper/frames.ts";
import { PROTOCOL_VERSION } from "../../host/helper/protocol.ts";
import { startBench } from "./support/bench.ts";
import { CAPABILITIES, addAll, addOf, expectNothingLeft } from "./support/cases.ts";
import { beginTestOperation, openConnection, startTestHelper, startTestSandbox } from "./support/helper.ts";
import { KEY } from "./support/plugin.ts";

/** NET_ADMIN, NET_RAW, SYS_ADMIN, SETUID, SETGID, SETPCAP, KILL, SYS_CHROOT, SYS_PTRACE. Source: linux/capability.h. */
const CAPABILITY_MASK = [12, 13, 21, 7, 6, 8, 5, 18, 19].reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);

function capabilitiesOf(pid: number, name: string): bigint {
  const digits =
    new RegExp(`^${name}:\\s+([0-9a-f]+)`, "mu").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
  return BigInt(`0x${digits}`);
}

test("the helper has the Linux capabilities that it needs, and no environment", async () => {
  const { helper } = await startBench();
  for (const name of ["CapEff", "CapPrm", "CapBnd"])
    expect({ name, mask: capabilitiesOf(helper.pid, name) }).toEqual({ name, mask: CAPABILITY_MASK });
  expect(capabilitiesOf(helper.pid, "CapInh")).toBe(0n);
  expect(readFileSync(`/proc/${helper.pid}/environ`, "utf8")).toBe("");
  await helper.close();
});

test("the socket is the owner's alone, and says who listens", async () => {
  const { helper, node, stateDir } = await startBench();
  expect(statSync(helper.socketPath).mode & 0o777).toBe(0o600);
  expect(await helper.request("hello", {})).toMatchObject({
    protocol: PROTOCOL_VERSION,
    pid: helper.pid,
    isolation: "full",
    stateDir,
    nodeNetnsCookie: node.netns.cookie.toString(),
  });
  await helper.close();
  expect(existsSync(helper.socketPath)).toBe(false);
});

test("only the process that started the helper may connect", async () => {
  const { helper } = await startBench();
  const script = `
    const socket = require("node:net").connect(process.argv[1]);
    socket.write(Buffer.from(process.argv[2], "base64"));
    socket.on("data", () => process.exit(1));
    socket.on("error", () => process.exit(0));
    socket.on("close", () => process.exit(0));`;
  const frames = Buffer.concat([
    encodeFrame({ role: "host", protocol: PROTOCOL_VERSION }),
    encodeFrame({ id: 1, method: "hello", params: {} }),
  ]);
  expect(
    spawnSync(process.execPath, ["-e", script, helper.socketPath, frames.toString("base64")], { timeout: 10_000 })
      .status,
  ).toBe(0);
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
  const { helper } = await startBench();
  // The first host is one when it was answered: of two that come at once, either may be the first.
  await helper.request("hello", {});
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
  const { helper, container, digest, node } = await startBench();
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, operation);
  helper.connection.write(frame);
  await helper.exited;
  expectNothingLeft(node);
});

test("a sandbox is alone: its own uid, no environment, and exactly the granted bytes", async () => {
  const { helper, digest, stateDir } = await startBench();
  const [first, second] = [await startTestSandbox(helper, digest), await startTestSandbox(helper, digest)];
  expect(first.ready).toMatchObject({
    load: { type: "load", digest, wasi: false, exports: ["attachment"], capabilities: Object.keys(CAPABILITIES) },
    files: [["component.js", "export {};\n"]],
  });
  const [one, other] = (await Promise.all([first, second].map((sandbox) => sandbox.order({ status: true })))) as {
    uid: number;
    environment: object;
  }[];
  expect(one?.environment).toEqual({});
  expect(one?.uid).toBeGreaterThan(1000);
  expect(one?.uid).not.toBe(other?.uid);
  expect(stateDir).not.toBe("");
  await helper.close();
  await Promise.all([first.ended, second.ended]);
});

test("refuses to start a component with a changed byte, or without a grant", async () => {
  const { helper, digest, stateDir } = await startBench();
  const layout = layoutOf(stateDir);
  appendFileSync(`${layout.transpiledDir(digest, KEY)}/component.js`, " ");
  const failed = await startTestSandbox(helper, digest);
  expect(failed.ready).toMatchObject({
    type: "failed",
    message: expect.stringContaining("is not what was granted") as string,
  });
  await failed.ended;
  rmSync(layout.grant(digest));
  expect((await startTestSandbox(helper, digest)).ready).toMatchObject({
    type: "failed",
    message: expect.stringContaining("no grant") as string,
  });
  await helper.close();
});

test("kill -9 of the helper ends its sandboxes", async () => {
  const { helper, digest } = await startBench();
  const sandbox = await startTestSandbox(helper, digest);
  helper.process.kill("SIGKILL");
  await Promise.all([helper.exited, sandbox.ended]);
});

test("a helper whose state directory is of a newer version says so, and ends", async () => {
  const { helper, node, stateDir } = await startBench();
  await helper.close();
  writeFileSync(layoutOf(stateDir).version, "9\n");
  await expect(startTestHelper({ stateDir, nodePath: node.path })).rejects.toMatchObject({ kind: "stateUnusable" });
});

test("the end of the pipe to the host is the end of the helper, open sandboxes included", async () => {
  const { helper, digest } = await startBench();
  const sandbox = await startTestSandbox(helper, digest);
  (helper.process.stdio[3] as Socket).destroy();
  await Promise.all([helper.exited, sandbox.ended]);
});
