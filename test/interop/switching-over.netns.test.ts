/**
 * A node on which the reference plugins made attachments is switched over: their addresses stay taken, their bridge is used on by the
 * operator's leave, and what they made can be deleted. Runs in a node namespace of its own: `npm test` makes it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { execPlugin } from "../support/exec.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import { HAS_REFERENCE, NO_REFERENCE, addressOf, callReference } from "./reference.ts";

const BRIDGE = "cni7";
const NOT_PERMITTED = 101;
let node: TestHost;
let dataDir: string;
beforeAll(async () => {
  node = await createTestHost({ plugins: ["bridge", "host-local", "masks"] });
  dataDir = join(node.stateDir, "..", "networks");
  mkdirSync(dataDir);
});
afterAll(async () => node[Symbol.asyncDispose]());

/** The one configuration of the node, before and after. */
const pluginOf = (name: string): JsonObject => ({
  cniVersion: "1.0.0",
  name,
  type: "bridge",
  bridge: BRIDGE,
  isGateway: true,
  ipam: { type: "host-local", subnet: "10.70.0.0/24", dataDir },
});
const listOf = (name: string): JsonObject => ({ cniVersion: "1.0.0", name, plugins: [pluginOf(name)] });

const addByReference = (container: TestContainer, name: string): Promise<JsonObject> =>
  callReference({
    type: "bridge",
    command: "ADD",
    containerId: container.id,
    netns: container.netns,
    configuration: pluginOf(name),
  });
const requestOf = (container: TestContainer, name: string) => ({
  network: listOf(name),
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
});
/** DEL as a runtime that executes one plugin at a time does it. */
const delByExec = (container: TestContainer, configuration: JsonObject, netns = container.netns): Promise<string> =>
  execPlugin(node.host, "DEL", { id: container.id, netns }, configuration);
const ping = (from: TestContainer, address: string): string => from.run("ping", "-c", "1", "-W", "2", address);

describe.skipIf(!HAS_REFERENCE)(`a node that is switched over${NO_REFERENCE}`, () => {
  test("keeps what runs, takes new containers onto the same bridge, and lets go of both kinds", async () => {
    const name = "switched";
    using old = createContainer();
    using dead = createContainer();
    const [first, second] = [await addByReference(old, name), await addByReference(dead, name)];
    expect([addressOf(first), addressOf(second)]).toEqual(["10.70.0.2", "10.70.0.3"]);
    expect(await node.host.importLeases({ dir: dataDir, networks: [name] })).toEqual([
      { network: name, imported: 2, present: 0, skipped: [] },
    ]);

    using young = createContainer();
    const refused = await failureOf(node.host.add(requestOf(young, name)));
    expect(refused.code).toBe(NOT_PERMITTED);
    expect(refused.text).toContain(`cnidaria install bridge --adopt ${BRIDGE}`);
    // As the operator does it: by another process, while the host that refused lives on.
    const operator = await createTestHost({ stateDir: node.stateDir, plugins: [{ name: "bridge", adopt: [BRIDGE] }] });
    await operator.host.close();
    const added = await node.host.add(requestOf(young, name));
    const given = addressOf(added);
    expect(["10.70.0.1", "10.70.0.2", "10.70.0.3"]).not.toContain(given);
    expect(ping(young, "10.70.0.2")).toContain("1 received");
    expect(ping(old, given)).toContain("1 received");
    expect(ping(young, "10.70.0.1")).toContain("1 received");

    // The plugins of a chain are deleted in reverse, each by itself: the address goes with the one that gave it.
    await delByExec(old, { cniVersion: "1.0.0", name, type: "masks", prevResult: first });
    expect(await node.host.leases({ containerId: old.id })).toHaveLength(1);
    await delByExec(old, { ...pluginOf(name), prevResult: first });
    expect(old.ip("-o link")).not.toContain("eth0");
    dead.remove();
    await delByExec(dead, pluginOf(name), "");
    await delByExec(dead, pluginOf(name), "");
    expect((await node.host.leases({ network: name })).map(({ containerId }) => containerId)).toEqual([young.id]);
    expect(ping(young, "10.70.0.1")).toContain("1 received");
    await node.host.del(requestOf(young, name));
    expect(await node.host.leases({ network: name })).toEqual([]);
    expect(await node.host.ledger()).toEqual([]);
    // Somebody else made it: it stays, with nothing on it.
    expect(run("ip", "-o", "link", "show", "master", BRIDGE)).toBe("");
    run("ip", "link", "del", BRIDGE);
  });

  test("never gives an address that was imported, nor a second one to a container that has one", async () => {
    const name = "taken";
    using old = createContainer();
    await addByReference(old, name);
    await node.install({ name: "bridge", adopt: [BRIDGE] });
    await node.host.importLeases({ dir: dataDir, networks: [name] });
    const again = await failureOf(node.host.exec({ ...execOf("ADD", old, pluginOf(name)), ifname: "eth0" }));
    expect(again.text).toMatch(/already|eth0/u);
    using young = createContainer();
    const args = [
      ["IgnoreUnknown", "1"],
      ["IP", "10.70.0.2"],
    ] as const;
    const asked = { ...requestOf(young, name), args };
    expect((await failureOf(node.host.add(asked))).text).toContain("10.70.0.2 is not available");
    await delByExec(old, pluginOf(name));
    expect(addressOf(await node.host.add(asked))).toBe("10.70.0.2");
    await node.host.del(asked);
    run("ip", "link", "del", BRIDGE);
  });

  test("GC lets go of imported addresses whose containers are not valid, and of no other", async () => {
    const name = "collected";
    const folder = join(dataDir, name);
    mkdirSync(folder);
    writeFileSync(join(folder, "10.70.0.2"), "valid\r\neth0");
    writeFileSync(join(folder, "10.70.0.3"), "valid");
    writeFileSync(join(folder, "10.70.0.4"), "valid\r\nnet1");
    writeFileSync(join(folder, "10.70.0.5"), "gone\r\neth0");
    writeFileSync(join(folder, "10.70.0.6"), "gone");
    expect(await node.host.importLeases({ dir: dataDir, networks: [name] })).toMatchObject([{ imported: 5 }]);
    await node.host.gc({ network: listOf(name), valid: [{ containerId: "valid", ifname: "eth0" }] });
    const left = (await node.host.leases({ network: name })).map(({ address }) => address);
    expect(left).toEqual(["10.70.0.2", "10.70.0.3"]);
    await node.host.gc({ network: listOf(name), valid: [] });
    expect(await node.host.leases({ network: name })).toEqual([]);
  });

  test("deletes the link of an imported attachment alone: none of a container of which nothing is known", async () => {
    const name = "unknown";
    using stranger = createContainer();
    await addByReference(stranger, name);
    await node.install({ name: "bridge", adopt: [BRIDGE] });
    const before = await snapshot(node);
    await delByExec(stranger, pluginOf(name));
    expect(stranger.ip("-o link")).toContain("eth0");
    await expectNothingLeft(before, node);
    stranger.ip("link del eth0");
    run("ip", "link", "del", BRIDGE);
  });
});

function execOf(command: string, container: TestContainer, configuration: JsonObject) {
  const { id: containerId, netns } = container;
  return { command, type: "bridge", containerId, netns, args: "", configuration: JSON.stringify(configuration) };
}
