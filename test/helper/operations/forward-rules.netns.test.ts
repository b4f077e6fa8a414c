/**
 * Forwarding and isolation in the ledger: whose they are, who is refused, and what is left when the helper dies.
 */
import { expect, test } from "vitest";
import type { TestNamespace } from "../../kernel/namespaces.ts";
import { delWithoutPlugin } from "../support/bench.ts";
import { CAPABILITIES, addAll, addOf, delOf, expectNothingLeft, prefix, testNamespace } from "../support/cases.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "../support/helper.ts";
import type { TestHelper, TestOperation, TestSandbox } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";

type Ask = readonly [operation: string, ...args: unknown[]];

const GRANTED = { ...CAPABILITIES, "forward-rules": { isolation: ["same-bridge", "isolated"] } };
const ALLOW: Ask = ["forward-rules.allow", [prefix(2).address]];
const ISOLATE: Ask = ["forward-rules.isolate", "cni0", "same-bridge"];

interface Scene {
  readonly node: TestNamespace;
  readonly container: TestNamespace;
  readonly stateDir: string;
  readonly digest: `sha256:${string}`;
}

function newScene(): Scene {
  const stateDir = temporaryStateDir();
  const digest = installTestPlugin(stateDir, { type: "bridge", capabilities: GRANTED });
  return { node: testNamespace(), container: testNamespace(), stateDir, digest };
}

/** A whole ADD, with forwarding and isolation. */
async function add(helper: TestHelper, { digest, container }: Scene): Promise<TestOperation> {
  const sandbox = await startTestSandbox(helper, digest);
  const adding = await beginTestOperation(helper, sandbox, addOf(container.path));
  await addAll(sandbox, adding);
  for (const ask of [ALLOW, ISOLATE]) expect({ ask, ...(await sandbox.ask(...ask)) }).toHaveProperty("ok");
  await adding.endCall();
  return adding;
}

/** A second container of the same network and bridge, in the middle of its ADD. */
async function second(helper: TestHelper, { digest }: Scene): Promise<[TestSandbox, TestOperation]> {
  const sandbox = await startTestSandbox(helper, digest);
  const other = { ...addOf(testNamespace().path, 3), containerId: "c2" };
  const adding = await beginTestOperation(helper, sandbox, other);
  await addAll(sandbox, adding, 3);
  return [sandbox, adding];
}

const ruleset = ({ node }: Scene): string => node.run("nft", "list", "ruleset");

test("are on record with their owner's tag, and go with the attachment, without plugin and namespace", async () => {
  const scene = newScene();
  const helper = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
  await (await add(helper, scene)).end();
  const { rows } = await helper.request("read-ledger", { containerId: "c1" });
  const row = rows.find(({ kind }) => kind === "forward-rules");
  expect(row).toMatchObject({ state: "done" });
  expect(ruleset(scene)).toContain(`10.1.0.2 comment "cnidaria:${row?.tag ?? ""}" : goto forward_allowed`);
  expect(rows.map(({ kind }) => kind)).toContain("isolation");
  expect(await delWithoutPlugin(helper)).toEqual([]);
  expectNothingLeft(scene.node);
  expect(ruleset(scene)).toBe("");
  expect((await helper.request("read-ledger", {})).rows).toEqual([]);
  await helper.close();
});

test("are undone when the ADD fails", async () => {
  const scene = newScene();
  const helper = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
  await (await add(helper, scene)).end("error");
  expect(ruleset(scene)).toBe("");
  expectNothingLeft(scene.node);
  await helper.close();
});

test("one bridge has one isolation, which goes with the last attachment that asks for it", async () => {
  const scene = newScene();
  const helper = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
  await (await add(helper, scene)).end();
  const [sandbox, adding] = await second(helper, scene);
  expect(await sandbox.ask("forward-rules.isolate", "cni0", "isolated")).toEqual({ err: "conflict" });
  expect(await sandbox.ask(...ISOLATE)).toEqual({ ok: null });
  expect(await sandbox.ask("forward-rules.isolation-of", "cni0")).toEqual({ ok: "same-bridge" });
  await adding.endCall();
  await adding.end();
  await delWithoutPlugin(helper, "c1");
  expect(ruleset(scene)).toContain('"cni0"');
  await delWithoutPlugin(helper, "c2");
  expect(ruleset(scene)).toBe("");
  await helper.close();
});

test("an attachment speaks of its own addresses and its own bridge alone", async () => {
  const scene = newScene();
  const helper = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
  await (await add(helper, scene)).end();
  scene.node.ip("link add other0 type bridge");
  const [sandbox, adding] = await second(helper, scene);
  expect(await sandbox.ask(...ALLOW)).toEqual({ err: "not-permitted" });
  expect(await sandbox.ask("forward-rules.isolate", "other0", "same-bridge")).toEqual({ err: "not-permitted" });
  expect(await sandbox.ask("forward-rules.isolation-of", "other0")).toEqual({ err: "not-permitted" });
  expect(await sandbox.ask("forward-rules.list")).toEqual({ ok: [] });
  expect(await sandbox.ask("forward-rules.remove")).toEqual({ ok: null });
  expect(ruleset(scene)).toMatch(/10\.1\.0\.2 comment[^,]*goto forward_allowed/u);
  await adding.endCall();
  await adding.end();
  await helper.close();
});

test("names the node's chains that drop by default, of the families that are allowed", async () => {
  const scene = newScene();
  const helper = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
  for (const command of ["iptables-nft", "ip6tables-nft"]) scene.node.run(command, "-P", "FORWARD", "DROP");
  const [sandbox, adding] = await second(helper, scene);
  expect(await sandbox.ask("forward-rules.obstacles")).toEqual({ ok: [] });
  expect(await sandbox.ask("forward-rules.allow", [prefix(3).address])).toEqual({ ok: null });
  expect(await sandbox.ask("forward-rules.obstacles")).toEqual({ ok: ["ip filter FORWARD"] });
  await adding.endCall();
  await adding.end();
  await helper.close();
});

/** Records of forwarding and isolation, and those around them. */
const POINTS = ["intent@4", "share@2", "ready@2", "done@3"].flatMap((point) => {
  const [name = "", number = ""] = point.split("@");
  return [`${name}:before@${number}`, `${name}:after@${number}`];
});

test.for(POINTS)("an ADD whose helper dies at %s leaves nothing", async (die) => {
  const scene = newScene();
  const dying = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path, die });
  await expect(add(dying, scene).then((adding) => adding.end())).rejects.toThrow();
  await dying.exited;
  expect(dying.stderr()).toContain(`reached ${die}`);
  const next = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
  await delWithoutPlugin(next);
  expectNothingLeft(scene.node);
  expect(ruleset(scene)).toBe("");
  // And the next one can have both.
  await (await add(next, scene)).end();
  await delWithoutPlugin(next);
  expect(ruleset(scene)).toBe("");
  await next.close();
});

test.for(["unshare:before@2", "unshare:after@2", "removed:before@1", "removed:after@1", "removed:before@2"])(
  "a DEL whose helper dies at %s leaves nothing when it is repeated",
  async (die) => {
    const scene = newScene();
    const first = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
    await (await add(first, scene)).end();
    await first.close();
    const dying = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path, die });
    await expect(delWithoutPlugin(dying)).rejects.toThrow();
    await dying.exited;
    const next = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
    expect(await delWithoutPlugin(next)).toEqual([]);
    expectNothingLeft(scene.node);
    expect(ruleset(scene)).toBe("");
    await next.close();
  },
);

test("DEL by the plugin ends forwarding", async () => {
  const scene = newScene();
  const helper = await startTestHelper({ stateDir: scene.stateDir, nodePath: scene.node.path });
  await (await add(helper, scene)).end();
  const sandbox = await startTestSandbox(helper, scene.digest);
  const deleting = await beginTestOperation(helper, sandbox, delOf(scene.container.path));
  expect(await sandbox.ask("forward-rules.list")).toEqual({ ok: [prefix(2).address] });
  expect(await sandbox.ask("forward-rules.remove")).toEqual({ ok: null });
  expect(await sandbox.ask("forward-rules.list")).toEqual({ ok: [] });
  await deleting.endCall();
  await deleting.end();
  expect(ruleset(scene)).toBe("");
  await helper.close();
});
