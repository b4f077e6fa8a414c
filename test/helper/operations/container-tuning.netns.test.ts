/**
 * Settings and attributes of links: what was replaced is put back, whoever dies, and by whom it is left to be put back.
 */
import { expect, test } from "vitest";
import type { TestNamespace } from "../../kernel/namespaces.ts";
import { endAll, openContainerScene } from "../support/container-scene.ts";
import type { ContainerScene } from "../support/container-scene.ts";
import { beginTestOperation } from "../support/helper.ts";
import type { TestOperation, TestSandbox } from "../support/helper.ts";

const SOMAXCONN = "net.core.somaxconn";
const CAPABILITIES = {
  "container-sysctls": { names: ["net.**"] },
  "container-link-attributes": { set: ["mtu", "mac", "promiscuous", "allMulticast", "transmitQueueLength"] },
};
const CHANGES = {
  mtuBytes: 1400,
  mac: [2, 0, 0, 0, 0, 9],
  promiscuous: true,
  allMulticast: true,
  transmitQueueLength: 77,
};

const scene = (die?: string): Promise<ContainerScene> =>
  openContainerScene({
    plugin: { type: "tuning", capabilities: CAPABILITIES },
    commands: ["link add eth0 type veth peer name peer0"],
    die,
  });

const begin = (
  { helper, sandbox }: Pick<ContainerScene, "helper" | "sandbox">,
  container: TestNamespace,
  verb: "ADD" | "DEL" | "CHECK" = "ADD",
  network = "net1",
): Promise<TestOperation> =>
  beginTestOperation(helper, sandbox, { verb, type: "tuning", netns: container.path, network });

const stateOf = (container: TestNamespace): readonly string[] => [
  container.ip("-d -o link show eth0").replaceAll(/ (?:numtxqueues|gso_|tso_|gro_|allmulti_|min|max).*$/gmu, ""),
  container.run("cat", "/proc/sys/net/core/somaxconn", "/proc/sys/net/ipv4/conf/eth0/arp_filter"),
];

/** Changes everything. */
async function changeAll(sandbox: TestSandbox, { call }: TestOperation): Promise<void> {
  const settings = [
    { name: SOMAXCONN, value: "501" },
    { name: "net.ipv4.conf.eth0.arp_filter", value: "1" },
  ];
  expect(await sandbox.ask("container-sysctls.set", call.containerHandle, settings)).toEqual({ ok: null });
  expect(await sandbox.ask("container-link-attributes.set", call.containerHandle, "eth0", CHANGES)).toMatchObject({
    ok: CHANGES,
  });
}

test("a whole ADD stays, and a DEL without a word of the plugin puts everything back", async () => {
  const { container, helper, sandbox } = await scene();
  const before = stateOf(container);
  const adding = await begin({ helper, sandbox }, container);
  await changeAll(sandbox, adding);
  expect(await endAll(adding)).toEqual([]);
  expect(stateOf(container)[0]).toMatch(/PROMISC.*mtu 1400.*qlen 77.*02:00:00:00:00:09/su);
  expect(stateOf(container)[1]).toBe("501\n1\n");
  const deleting = await begin({ helper, sandbox }, container, "DEL");
  expect(await endAll(deleting)).toEqual([]);
  expect(stateOf(container)).toEqual(before);
  expect((await helper.request("read-ledger", {})).rows).toEqual([]);
  await helper.close();
});

test("an ADD that fails is undone", async () => {
  const { container, helper, sandbox } = await scene();
  const before = stateOf(container);
  const adding = await begin({ helper, sandbox }, container);
  await changeAll(sandbox, adding);
  expect(await endAll(adding, "error")).toEqual([]);
  expect(stateOf(container)).toEqual(before);
  await helper.close();
});

test.for(["intent:before@2", "intent:after@2", "intent:before@3", "intent:after@3", "done:before@2", "flush:before@1"])(
  "an ADD whose helper dies at %s is undone by the next one",
  async (die) => {
    const { container, helper, sandbox, start } = await scene(die);
    const before = stateOf(container);
    await expect(
      begin({ helper, sandbox }, container).then(async (adding) => {
        await changeAll(sandbox, adding);
        await endAll(adding);
      }),
    ).rejects.toThrow();
    await helper.exited;
    const next = await start();
    expect(stateOf(container)).toEqual(before);
    await next.helper.close();
  },
);

test("every one of several settings has its old value again when the kernel refuses the last", async () => {
  const { container, helper, sandbox } = await scene();
  const before = stateOf(container);
  const adding = await begin({ helper, sandbox }, container);
  const { containerHandle } = adding.call;
  const refused = [
    { name: SOMAXCONN, value: "501" },
    { name: "net.ipv4.conf.eth0.arp_filter", value: "much" },
  ];
  expect(await sandbox.ask("container-sysctls.set", containerHandle, refused)).toEqual({ err: "invalid-argument" });
  expect(stateOf(container)).toEqual(before);
  const missing = [
    { name: SOMAXCONN, value: "501" },
    { name: "net.core.nothing", value: "1" },
  ];
  expect(await sandbox.ask("container-sysctls.set", containerHandle, missing)).toEqual({ err: "not-permitted" });
  for (const value of ["1\n2", "1\0", "x".repeat(4097)])
    expect(await sandbox.ask("container-sysctls.set", containerHandle, [{ name: SOMAXCONN, value }])).toEqual({
      err: "invalid-argument",
    });
  expect(
    await sandbox.ask("container-link-attributes.set", containerHandle, "eth0", { ...CHANGES, mtuBytes: 9 }),
  ).toEqual({ err: "invalid-argument" });
  expect(stateOf(container)).toEqual(before);
  expect((await adding.endCall()).refusals).toEqual([expect.stringContaining('"net.core.nothing"')]);
  await adding.end();
  expect((await helper.request("read-ledger", {})).rows.map(({ kind }) => kind)).toEqual(["namespace"]);
  await helper.close();
});

test("a name outside of net. is refused before the kernel hears of it", async () => {
  const { container, helper, sandbox } = await scene();
  const adding = await begin({ helper, sandbox }, container);
  for (const name of ["kernel.panic", "net.//.kernel.panic", "../kernel/panic", "net"]) {
    expect(await sandbox.ask("container-sysctls.set", adding.call.containerHandle, [{ name, value: "1" }])).toEqual({
      err: "not-permitted",
    });
    expect(await sandbox.ask("container-sysctls.get", adding.call.containerHandle, [name])).toEqual({
      err: "not-permitted",
    });
  }
  const { operations } = await adding.endCall();
  expect(operations.every(({ kernelMicroseconds }) => kernelMicroseconds === 0)).toBe(true);
  await adding.end();
  await helper.close();
});

test("the plugin has the link restored by itself, and only what it changed", async () => {
  const { container, helper, sandbox } = await scene();
  const before = stateOf(container);
  const adding = await begin({ helper, sandbox }, container);
  const { containerHandle } = adding.call;
  const ask = (operation: string, ...args: unknown[]) => sandbox.ask(operation, containerHandle, ...args);
  expect(await ask("container-link-attributes.restore", "eth0")).toEqual({ ok: null });
  await ask("container-link-attributes.set", "eth0", { mtuBytes: 1400 });
  await ask("container-link-attributes.set", "eth0", { mtuBytes: 1300, promiscuous: true });
  expect(await ask("container-link-attributes.restore", "eth0")).toEqual({ ok: null });
  expect(stateOf(container)).toEqual(before);
  // What somebody else changed meanwhile stays.
  await ask("container-link-attributes.set", "eth0", { promiscuous: true });
  container.ip("link set eth0 mtu 1234");
  expect(await ask("container-link-attributes.restore", "eth0")).toEqual({ ok: null });
  expect(container.ip("-o link show eth0")).toMatch(/mtu 1234/u);
  expect(container.ip("-o link show eth0")).not.toMatch(/PROMISC/u);
  await ask("container-link-attributes.set", "eth0", { mtuBytes: 1400 });
  container.ip("link del eth0");
  expect(await ask("container-link-attributes.restore", "eth0")).toEqual({ ok: null });
  expect(await ask("container-link-attributes.restore", "eth0")).toEqual({ err: "not-found" });
  await endAll(adding);
  await helper.close();
});

test("another link that has the name by now is left alone", async () => {
  const { container, helper, sandbox } = await scene();
  const adding = await begin({ helper, sandbox }, container);
  await changeAll(sandbox, adding);
  await endAll(adding);
  container.ip("link del eth0");
  container.ip("link add eth0 mtu 1290 type veth peer name peer0");
  const deleting = await begin({ helper, sandbox }, container, "DEL");
  expect(await endAll(deleting)).toEqual([]);
  expect(container.ip("-o link show eth0")).toMatch(/mtu 1290/u);
  await helper.close();
});

test.for([
  { order: ["net1", "net2"], why: "the first goes first" },
  { order: ["net2", "net1"], why: "the last goes first" },
])("of two attachments with the same setting $why, and it ends as it began", async ({ order }) => {
  const { container, helper, sandbox } = await scene();
  const [before] = [stateOf(container)[1]];
  const values = { net1: "501", net2: "502" } as const;
  for (const [network, value] of Object.entries(values)) {
    const adding = await begin({ helper, sandbox }, container, "ADD", network);
    await sandbox.ask("container-sysctls.set", adding.call.containerHandle, [{ name: SOMAXCONN, value }]);
    await endAll(adding);
  }
  const [first = "", last = ""] = order;
  expect(await endAll(await begin({ helper, sandbox }, container, "DEL", first))).toEqual([]);
  expect(stateOf(container)[1]?.split("\n")[0]).toBe(first === "net1" ? "502" : "501");
  expect(await endAll(await begin({ helper, sandbox }, container, "DEL", last))).toEqual([]);
  expect(stateOf(container)[1]).toBe(before);
  await helper.close();
});
