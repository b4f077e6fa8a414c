/**
 * The helper dies, as by SIGKILL, before or after each record of the ledger; the next one leaves nothing behind.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { TestNamespace } from "../kernel/namespaces.ts";
import { delWithoutPlugin } from "./support/bench.ts";
import { CAPABILITIES, addOf, addRequests, delOf, expectNothingLeft, testNamespace } from "./support/cases.ts";
import {
  beforeAndAfter,
  beginTestOperation,
  startTestHelper,
  startTestSandbox,
  temporaryStateDir,
} from "./support/helper.ts";
import type { TestHelper } from "./support/helper.ts";
import { installTestPlugin } from "./support/plugin.ts";

/** Records of an ADD, with how often each is written. */
const ADD_POINTS = beforeAndAfter(
  "operation@1",
  "intent@1",
  "lease@1",
  "share@1",
  "ready@1",
  "intent@2",
  "done@1",
  "intent@3",
  "done@2",
  "flush@1",
  "attachment@1",
  "close@1",
);

/** Records of a DEL after it. */
const DEL_POINTS = [
  "operation:before@1",
  "operation:after@1",
  "unshare:before@1",
  "unshare:after@1",
  "removed:before@1",
  "removed:after@1",
];

/** Does a whole ADD and expects nothing of it: the helper may be gone at any moment. */
async function addUntilDead(
  helper: TestHelper,
  digest: `sha256:${string}`,
  container: TestNamespace,
): Promise<boolean> {
  try {
    const sandbox = await startTestSandbox(helper, digest);
    const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
    for (const [name, ...args] of addRequests(operation.call.containerHandle)) await sandbox.ask(name, ...args);
    await operation.endCall();
    await operation.end();
    return true;
  } catch {
    return false;
  }
}

async function expectNoTrace(helper: TestHelper, stateDir: string): Promise<void> {
  expect((await helper.request("read-ledger", {})).rows).toEqual([]);
  expect((await helper.request("read-leases", {})).rows).toEqual([]);
  expect((await helper.request("list-attachments", {})).attachments).toEqual([]);
  await helper.close();
  expect(readdirSync(`${stateDir}/calls`)).toEqual([]);
  expect(readdirSync(`${stateDir}/locks`)).toEqual(["gc"]);
  expect(readdirSync(`${stateDir}/run`)).toEqual([]);
}

test.for(ADD_POINTS)("an ADD whose helper dies at %s leaves nothing after a DEL", async (die) => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const dying = await startTestHelper({ stateDir, nodePath: node.path, die });
  const isWhole = await addUntilDead(dying, digest, container);
  expect(isWhole).toBe(false);
  await dying.exited;
  expect(dying.stderr()).toContain(`reached ${die}`);

  const next = await startTestHelper({ stateDir, nodePath: node.path });
  if (!die.startsWith("close:after")) expectNothingLeft(node);
  expect(await delWithoutPlugin(next)).toEqual([]);
  expectNothingLeft(node);
  await expectNoTrace(next, stateDir);
});

test.for(DEL_POINTS)("a DEL whose helper dies at %s leaves nothing when it is repeated", async (die) => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const first = await startTestHelper({ stateDir, nodePath: node.path });
  expect(await addUntilDead(first, digest, container)).toBe(true);
  await first.close();
  const dying = await startTestHelper({ stateDir, nodePath: node.path, die });
  await expect(
    (async () => {
      const sandbox = await startTestSandbox(dying, digest);
      const operation = await beginTestOperation(dying, sandbox, delOf(container.path));
      await sandbox.ask("container-links.delete", operation.call.containerHandle, "eth0");
      await operation.endCall();
      await operation.end();
    })(),
  ).rejects.toThrow();
  await dying.exited;
  expect(dying.stderr()).toContain(`reached ${die}`);

  const next = await startTestHelper({ stateDir, nodePath: node.path });
  expect(await delWithoutPlugin(next)).toEqual([]);
  expectNothingLeft(node);
  await expectNoTrace(next, stateDir);
});

test("a new ADD of the container comes after the recovery of a dead one", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const living = await startTestHelper({ stateDir, nodePath: node.path });
  const dying = await startTestHelper({ stateDir, nodePath: node.path, die: "intent:after@3" });
  await addUntilDead(dying, digest, container);
  await dying.exited;
  expect(node.ip("-br link")).toContain("cni0");
  expect(await addUntilDead(living, digest, container)).toBe(true);
  expect(container.run("ping", "-c1", "-W1", "10.1.0.1")).toContain(" 0% packet loss");
  expect((await living.request("read-ledger", {})).rows).toHaveLength(4);
  await living.close();
});

test("an ADD whose host goes away is undone before the helper ends", async () => {
  const [node, container, stateDir] = [testNamespace(), testNamespace(), temporaryStateDir()];
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: CAPABILITIES });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const operation = await beginTestOperation(helper, sandbox, addOf(container.path));
  for (const [name, ...args] of addRequests(operation.call.containerHandle)) await sandbox.ask(name, ...args);
  expect(node.ip("-br link")).toContain("cni0");
  await helper.close();
  await sandbox.ended;
  expectNothingLeft(node);
  const next = await startTestHelper({ stateDir, nodePath: node.path });
  await expectNoTrace(next, stateDir);
});
