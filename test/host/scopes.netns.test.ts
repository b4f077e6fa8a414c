/**
 * One plugin of a chain at a time, as runtimes execute them, and mixed with whole lists. Runs in a node namespace of its own: `npm test`
 * makes it. `masks` stands for any chained plugin that leaves something on the node.
 */
import { existsSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AuditRow, Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import { openLedger } from "../support/ledger.ts";
import { chainOf } from "./two-plugins.ts";
import type { Chain } from "./two-plugins.ts";

let stage: TestHost;
let host: Host;
let before: Snapshot;
const containers: TestContainer[] = [];

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local", "masks"] });
  ({ host } = stage);
  before = await snapshot(stage);
});
afterEach(async () => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

function newChain(subnet = 0, container = newContainer(), ifname = "eth0"): Chain {
  return chainOf({ host, container, subnet, ifname });
}

function newContainer(): TestContainer {
  const container = createContainer();
  containers.push(container);
  return container;
}

const OF_BRIDGE = ["bridge", "lease", "veth"];
const BRIDGE_ONLY = [...OF_BRIDGE, 'record "bridge"'].toSorted();
const BOTH = [...BRIDGE_ONLY, "masquerade", 'record "masks"'].toSorted();

/** Digests of the calls of a plugin, oldest first. */
async function digestsOfCalls(container: TestContainer, type: string): Promise<readonly string[]> {
  const rows: readonly AuditRow[] = await host.log({ containerId: container.id });
  const calls = rows.filter(({ event }) => event === "call").map(({ data }) => JSON.parse(data) as JsonObject);
  return calls.filter((call) => call["type"] === type).map((call) => String(call["digest"]));
}

describe("plugins that are executed one by one", () => {
  test("each is deleted by itself, in reverse order, and takes nothing of the other", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    expect(await chain.left()).toEqual(BOTH);
    await chain.check("masks");
    await chain.del("masks");
    expect(await chain.left()).toEqual(BRIDGE_ONLY);
    expect(chain.container.ip("-br addr show eth0")).toContain("10.78.0.");
    await chain.check("bridge");
    await chain.del("bridge");
    expect(await chain.left()).toEqual([]);
  });

  test("the first may be deleted before the second", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    await chain.del("bridge");
    expect(await chain.left()).toEqual(["masquerade", 'record "masks"']);
    await chain.del("masks");
    expect(await chain.left()).toEqual([]);
  });

  test("DEL twice, and once more after everything is gone, succeeds", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    await chain.del("masks");
    await chain.del("masks");
    expect(await chain.left()).toEqual(BRIDGE_ONLY);
    await chain.del("bridge");
    await chain.del("bridge");
    await chain.del("masks");
  });

  test.for([
    { title: "without a namespace", netns: "" },
    { title: "with the path of one that is gone", netns: "/run/netns/gone" },
  ])("DEL $title removes what each plugin has", async ({ netns }) => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    chain.container.remove();
    await chain.del("masks", { netns });
    expect(await chain.left()).toEqual(BRIDGE_ONLY);
    await chain.del("bridge", { netns });
    expect(await chain.left()).toEqual([]);
  });

  test("an ADD that fails undoes what it made, and nothing of the plugin before", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await expect(chain.add("masks", { fail: ["add"] })).rejects.toMatchObject({ code: 123 });
    expect(await chain.left()).toEqual(BRIDGE_ONLY);
    expect(chain.container.ip("-br addr show eth0")).toContain("10.78.0.");
    // A runtime deletes the whole chain then, also what was never added.
    await chain.del("masks");
    expect(await chain.left()).toEqual(BRIDGE_ONLY);
    await chain.del("bridge");
  });

  test("DEL whose plugin does nothing, or fails, removes what the plugin has", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    await expect(chain.del("masks", { fail: ["del"], skip: ["del"] })).rejects.toMatchObject({ code: 123 });
    expect(await chain.left(), "on record for the next DEL").toEqual([...BRIDGE_ONLY, 'record "masks"'].toSorted());
    await chain.del("masks", { skip: ["del"] });
    expect(await chain.left()).toEqual(BRIDGE_ONLY);
    await chain.del("bridge");
  });

  test("a plugin cannot take away what another one of its chain made by the same means", async () => {
    const chain = newChain();
    await chain.add("bridge", { ipMasq: true, ipMasqBackend: "nftables" });
    await chain.add("masks", { skip: ["add"] });
    await chain.del("masks");
    expect(await chain.left()).toEqual([...BRIDGE_ONLY, "masquerade"].toSorted());
    await chain.del("bridge");
  });

  test("one container in two networks, and with two links in one, has each deleted by itself", async () => {
    const container = newContainer();
    const chains = [newChain(1, container), newChain(2, container, "eth1"), newChain(2, container, "eth2")];
    for (const chain of chains) {
      await chain.add("bridge");
      await chain.add("masks");
    }
    for (const [index, chain] of chains.entries()) {
      await chain.del("masks");
      await chain.del("bridge");
      expect(await chain.left()).toEqual([]);
      for (const other of chains.slice(index + 1)) expect(await other.left()).toEqual(BOTH);
    }
  });
});

describe("what ADD used is used until DEL", () => {
  test("a plugin that was upgraded since is deleted by the version that added it", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    await stage.install("masks-next");
    await chain.check("masks");
    await chain.del("masks");
    await chain.add("masks");
    await chain.del("masks");
    const [added, checked, deleted, addedAgain, deletedAgain] = await digestsOfCalls(chain.container, "masks");
    expect([checked, deleted]).toEqual([added, added]);
    expect(addedAgain).not.toBe(added);
    expect(deletedAgain).toBe(addedAgain);
    await chain.del("bridge");
    await stage.install("masks");
  });

  test.for(["uninstall", "revoke"] as const)("after %s of a plugin DEL removes what it has", async (take) => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    await host[take]("masks");
    await chain.del("masks");
    expect(await chain.left()).toEqual(BRIDGE_ONLY);
    await chain.del("bridge");
    await stage.install("masks");
  });

  test("after the IPAM plugin was revoked DEL releases its addresses", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    await host.revoke("host-local");
    await chain.del("bridge");
    expect(await chain.left()).toEqual(["masquerade", 'record "masks"']);
    await chain.del("masks");
    await stage.install("host-local");
  });

  test.for([
    { title: "result", column: "result", text: '{"cniVersion":' },
    { title: "result that is none", column: "result", text: '{"ips":7}' },
    { title: "list of digests", column: "digests", text: "[7" },
    { title: "arguments", column: "args", text: "null" },
  ])("DEL goes its way with a damaged $title on record", async ({ column, text }) => {
    const chain = newChain();
    await chain.addList();
    using database = openLedger(stage.stateDir);
    const { changes } = database
      .prepare(`UPDATE attachments SET ${column} = ? WHERE container_id = ?`)
      .run(text, chain.container.id);
    expect(changes).toBe(1);
    await chain.delList();
    expect(await chain.left()).toEqual([]);
  });
});

test("a component that was replaced stays until the last DEL of what it added, and goes then", async () => {
  const chain = newChain();
  const { digest } = (await host.list()).find(({ type }) => type === "masks") ?? { digest: "" };
  const folder = join(stage.stateDir, "components", digest.slice("sha256:".length));
  await chain.add("bridge");
  await chain.add("masks");
  await stage.install("masks-next");
  // As if it had been stored long ago: one that is just being installed has no name yet either.
  utimesSync(folder, 1, 1);
  await stage.install("masks-next");
  expect(existsSync(folder)).toBe(true);
  await chain.del("masks");
  await stage.install("masks-next");
  expect(existsSync(folder)).toBe(false);
  await chain.del("bridge");
  await stage.install("masks");
});

describe("lists and single plugins, mixed", () => {
  const LIST = [...OF_BRIDGE, "masquerade", 'record ""'].toSorted();

  test("what a list added is deleted plugin by plugin", async () => {
    const chain = newChain();
    await chain.addList();
    expect(await chain.left()).toEqual(LIST);
    await chain.check("masks");
    await chain.del("masks");
    expect(await chain.left()).toEqual([...OF_BRIDGE, 'record ""'].toSorted());
    const [record] = await host.attachments({ containerId: chain.container.id });
    expect(Object.keys(record?.digests ?? {}).toSorted()).toEqual(["bridge", "host-local"]);
    await chain.del("masks");
    await chain.del("bridge");
    expect(await chain.left()).toEqual([]);
  });

  test("and in the other order, with a component that is not installed any more", async () => {
    const chain = newChain();
    await chain.addList();
    await stage.install("masks-next");
    await chain.del("bridge");
    expect(await chain.left()).toEqual(["masquerade", 'record ""']);
    await chain.del("masks");
    expect(await chain.left()).toEqual([]);
    const digests = await digestsOfCalls(chain.container, "masks");
    expect(new Set(digests).size).toBe(1);
    await stage.install("masks");
  });

  test("what was added plugin by plugin is deleted as a list, by the versions that added it", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    await stage.install("masks-next");
    await chain.delList();
    expect(await chain.left()).toEqual([]);
    const [added, deleted] = await digestsOfCalls(chain.container, "masks");
    expect(deleted).toBe(added);
    await stage.install("masks");
  });

  test("DEL of the list without a namespace takes every scope along, twice", async () => {
    const chain = newChain();
    await chain.add("bridge");
    await chain.add("masks");
    chain.container.remove();
    await chain.delList({ netns: "" });
    expect(await chain.left()).toEqual([]);
    await chain.delList({ netns: "" });
  });

  test("one plugin executed on top of a list is deleted without the list", async () => {
    const chain = newChain();
    await chain.addList();
    await chain.add("masks", { skip: ["add"] });
    expect(await chain.left()).toEqual([...LIST, 'record "masks"'].toSorted());
    await chain.delList();
    expect(await chain.left()).toEqual([]);
  });
});
