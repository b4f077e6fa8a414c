/**
 * Rules and routes of a container: what was changed is taken back, whoever dies.
 */
import { expect, test } from "vitest";
import type { TestNamespace } from "../../kernel/namespaces.ts";
import { testNamespace } from "../support/cases.ts";
import { endAll, openContainerScene } from "../support/container-scene.ts";
import type { ContainerScene } from "../support/container-scene.ts";
import { beginTestOperation, startTestHelper, startTestSandbox, temporaryStateDir } from "../support/helper.ts";
import type { TestOperation, TestSandbox } from "../support/helper.ts";
import { installTestPlugin } from "../support/plugin.ts";

const CAPABILITIES = {
  "container-rules": { tables: [{ first: 100, last: 200 }] },
  "container-routes": { tables: [254, { first: 100, last: 200 }], delete: true },
};
const ipv4 = (...val: readonly number[]) => ({ tag: "ipv4", val });
const RULE = { source: { address: ipv4(10, 1, 0, 2), prefixLength: 32 }, table: 100 };
const DEFAULT = { destination: { address: ipv4(0, 0, 0, 0), prefixLength: 0 }, gateway: ipv4(10, 1, 0, 1) };
const SUBNET = { destination: { address: ipv4(10, 1, 0, 0), prefixLength: 24 } };

const scene = (die?: string): Promise<ContainerScene> =>
  openContainerScene({
    plugin: { type: "sbr", capabilities: CAPABILITIES },
    commands: [
      "link add eth0 type veth peer name peer0",
      "link set peer0 up",
      "link set eth0 up",
      "addr add 10.1.0.2/24 dev eth0",
      "route add default via 10.1.0.1 metric 7",
    ],
    die,
  });

const begin = (
  { helper, sandbox }: Pick<ContainerScene, "helper" | "sandbox">,
  container: TestNamespace,
  verb: "ADD" | "DEL" = "ADD",
): Promise<TestOperation> =>
  beginTestOperation(helper, sandbox, {
    verb,
    type: "sbr",
    netns: container.path,
    previousResult: { ips: [{ address: "10.1.0.2/24" }] },
  });

/** Rules and routes, whoever made them: the kernel's own come back as somebody's. */
const stateOf = (container: TestNamespace): readonly string[] =>
  [container.ip("rule"), container.ip("-4 route show table all")]
    .flatMap((text) => text.split("\n"))
    .map((line) => line.replace(" proto kernel", "").trim())
    .toSorted();

async function moveAll(sandbox: TestSandbox, { call: { containerHandle } }: TestOperation): Promise<void> {
  const inTable = [SUBNET, DEFAULT].map((route) => ({ ...route, table: 100 }));
  expect(await sandbox.ask("container-rules.free-tables", containerHandle, 100, 2)).toEqual({ ok: [100, 101] });
  expect(await sandbox.ask("container-routes.add", containerHandle, "eth0", inTable, "append")).toEqual({ ok: null });
  expect(await sandbox.ask("container-rules.add", containerHandle, [RULE])).toEqual({ ok: null });
  expect(await sandbox.ask("container-routes.delete", containerHandle, "eth0", [SUBNET, DEFAULT])).toEqual({
    ok: null,
  });
}

test("a whole ADD stays, and a DEL without a word of the plugin puts everything back", async () => {
  const { container, helper, sandbox } = await scene();
  const before = stateOf(container);
  const adding = await begin({ helper, sandbox }, container);
  await moveAll(sandbox, adding);
  expect(await endAll(adding)).toEqual([]);
  expect(container.ip("rule")).toMatch(/from 10\.1\.0\.2 lookup 100/u);
  expect(container.ip("route")).toBe("");
  expect(container.ip("route show table 100")).toMatch(/default via 10\.1\.0\.1/u);
  expect(await endAll(await begin({ helper, sandbox }, container, "DEL"))).toEqual([]);
  expect(stateOf(container)).toEqual(before);
  expect((await helper.request("read-ledger", {})).rows).toEqual([]);
  await helper.close();
});

test("an ADD that fails is undone", async () => {
  const { container, helper, sandbox } = await scene();
  const before = stateOf(container);
  const adding = await begin({ helper, sandbox }, container);
  await moveAll(sandbox, adding);
  expect(await endAll(adding, "error")).toEqual([]);
  expect(stateOf(container)).toEqual(before);
  await helper.close();
});

const POINTS = [2, 3, 4].flatMap((each) => [`intent:before@${each}`, `intent:after@${each}`]);
test.for([...POINTS, "done:before@2", "done:after@3", "flush:before@1"])(
  "an ADD whose helper dies at %s is undone by the next one",
  async (die) => {
    const { container, helper, sandbox, start } = await scene(die);
    const before = stateOf(container);
    await expect(
      begin({ helper, sandbox }, container).then(async (adding) => {
        await moveAll(sandbox, adding);
        await endAll(adding);
      }),
    ).rejects.toThrow();
    await helper.exited;
    const next = await start();
    expect(stateOf(container)).toEqual(before);
    await next.helper.close();
  },
);

test("a rule that is there is not made twice, and what the kernel refuses leaves none", async () => {
  const { container, helper, sandbox } = await scene();
  container.ip("rule add from 10.1.0.2 table 100");
  const before = stateOf(container);
  const adding = await begin({ helper, sandbox }, container);
  const { containerHandle } = adding.call;
  expect(await sandbox.ask("container-rules.add", containerHandle, [RULE])).toEqual({ err: "already-exists" });
  expect(
    await sandbox.ask(
      "container-routes.add",
      containerHandle,
      "eth0",
      [{ ...DEFAULT, gateway: ipv4(192, 0, 2, 1), table: 100 }],
      "append",
    ),
  ).toEqual({ err: "unreachable" });
  expect(stateOf(container)).toEqual(before);
  expect(await endAll(adding)).toEqual([]);
  expect(stateOf(container)).toEqual(before);
  await helper.close();
});

test("a container with more rules than are looked at is a limit that is told", async () => {
  const { container, helper, sandbox } = await scene();
  const lines = Array.from({ length: 1100 }, (_, each) => `rule add from 10.7.${each >> 8}.${each & 255} lookup 7`);
  container.run("sh", "-c", `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")} | ip -batch -`);
  const adding = await begin({ helper, sandbox }, container);
  const { containerHandle } = adding.call;
  for (const [operation, ...args] of [
    ["container-rules.list"],
    ["container-rules.free-tables", 100, 1],
    ["container-rules.add", [RULE]],
  ])
    expect(await sandbox.ask(String(operation), containerHandle, ...args)).toEqual({ err: "limit-reached" });
  expect(await sandbox.ask("container-rules.delete", containerHandle, [RULE])).toEqual({ ok: null });
  await endAll(adding);
  await helper.close();
});

test("the kernel's own tables, and 0 that means any, are refused whatever the grant and the configuration say", async () => {
  const reserved = [0, 253, 254, 255];
  const container = testNamespace();
  for (const table of [100, 253, 254]) container.ip(`rule add from 10.1.0.2 table ${table}`);
  const [node, stateDir] = [testNamespace(), temporaryStateDir()];
  const tables = [253, 254, 255, { configuration: "/table" }];
  const digest = installTestPlugin(stateDir, { type: "sbr", capabilities: { "container-rules": { tables } } });
  const helper = await startTestHelper({ stateDir, nodePath: node.path });
  const sandbox = await startTestSandbox(helper, digest);
  const before = stateOf(container);
  const adding = await beginTestOperation(helper, sandbox, {
    verb: "ADD",
    type: "sbr",
    netns: container.path,
    configuration: { table: 0 },
    previousResult: { ips: [{ address: "10.1.0.2/24" }] },
  });
  for (const table of reserved)
    for (const operation of ["container-rules.add", "container-rules.delete"]) {
      const asked = await sandbox.ask(operation, adding.call.containerHandle, [{ ...RULE, table }]);
      expect({ table, ...asked }).toEqual({ table, err: table === 0 ? "not-permitted" : "invalid-argument" });
    }
  expect(stateOf(container)).toEqual(before);
  expect(await endAll(adding)).toEqual([]);
  await helper.close();
});
