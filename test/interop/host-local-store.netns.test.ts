/**
 * host-local's store and the ledger together: the reference plugin and ours work on one network. Runs in a node namespace of its own.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { createContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { failureOf } from "../support/snapshot.ts";
import { HAS_REFERENCE, NO_REFERENCE, addressOf, callReference } from "./reference.ts";

const NETWORK = "shared";
let node: TestHost;
/** Each test has its own. */
let store: string;
let count = 0;
beforeAll(async () => {
  node = await createTestHost({ plugins: ["bridge", "host-local"] });
});
beforeEach(() => {
  count += 1;
  store = join(node.stateDir, "..", `networks${count}`);
});
afterAll(async () => node[Symbol.asyncDispose]());

const pluginOf = (subnet = "10.71.0.0/24"): JsonObject => ({
  cniVersion: "1.0.0",
  name: NETWORK,
  type: "bridge",
  bridge: "br71",
  ipam: { type: "host-local", subnet, dataDir: store },
});
const listOf = (subnet?: string): JsonObject => ({ cniVersion: "1.0.0", name: NETWORK, plugins: [pluginOf(subnet)] });
const reference = (command: "ADD" | "DEL", containerId: string, subnet?: string): Promise<JsonObject> =>
  callReference({ type: "host-local", command, containerId, configuration: pluginOf(subnet) });
const filesOf = (): string[] =>
  readdirSync(join(store, NETWORK))
    .filter((name) => /^[0-9.]+$/u.test(name))
    .toSorted();

/** Opens a second host on the state directory, closed by the caller. */
const openHost = (hostLocalStoreDir?: string): Promise<Host> =>
  createHost({ stateDir: node.stateDir, ...(hostLocalStoreDir === undefined ? {} : { hostLocalStoreDir }) });

describe.skipIf(!HAS_REFERENCE)(`with the store${NO_REFERENCE}`, () => {
  test("an address is in both, and leaves both; whoever reads the store knows whose it is", async () => {
    await using host = await openHost(store);
    using container = createContainer();
    const request = { network: listOf(), containerId: container.id, netns: container.netns, ifname: "eth0" };
    const address = addressOf(await host.add(request));
    const file = join(store, NETWORK, address);
    expect(readFileSync(file, "utf8")).toBe(`${container.id}\r\neth0`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(store, NETWORK, "last_reserved_ip.0"), "utf8")).toBe(address);
    expect(readdirSync(join(store, NETWORK)).toSorted()).toEqual([address, "last_reserved_ip.0", "lock"].toSorted());
    // The reference sees it, and goes on after it.
    expect(addressOf(await reference("ADD", "theirs"))).toBe("10.71.0.3");
    await reference("DEL", "theirs");
    await host.del(request);
    expect(filesOf()).toEqual([]);
    expect(await host.leases()).toEqual([]);
  });

  test("an address that the reference has is taken, and a failed ADD leaves no file", async () => {
    await using host = await openHost(store);
    const small = "10.71.0.0/30";
    expect(addressOf(await reference("ADD", "theirs", small))).toBe("10.71.0.2");
    using container = createContainer();
    const request = { network: listOf(small), containerId: container.id, netns: container.netns, ifname: "eth0" };
    expect((await failureOf(host.add(request))).text).toContain("no address is free");
    const args = [
      ["IgnoreUnknown", "1"],
      ["IP", "10.71.0.2"],
    ] as const;
    expect((await failureOf(host.add({ ...request, args }))).text).toContain("10.71.0.2 is not available");
    expect(filesOf()).toEqual(["10.71.0.2"]);
    await reference("DEL", "theirs", small);
    // The link's name is taken: what IPAM gave is undone with the call.
    await failureOf(host.add({ ...request, ifname: "lo" }));
    expect(filesOf()).toEqual([]);
    await host.add(request);
    expect(filesOf()).toEqual(["10.71.0.2"]);
    await host.del(request);
  });

  test("eight of ours and eight of theirs at once never have one address twice, and each one's DEL frees its own", async () => {
    await using host = await openHost(store);
    const containers = Array.from({ length: 8 }, () => createContainer());
    try {
      const ours = containers.map((container) =>
        host.add({ network: listOf(), containerId: container.id, netns: container.netns, ifname: "eth0" }),
      );
      const theirs = containers.map(({ id }) => reference("ADD", `theirs-${id}`));
      const all = (await Promise.all([...ours, ...theirs])).map(addressOf);
      expect(new Set(all).size).toBe(16);
      expect(filesOf()).toEqual(all.toSorted());
      await Promise.all([
        ...containers.map(({ id }) => reference("DEL", `theirs-${id}`)),
        ...containers.map((container) =>
          host.del({ network: listOf(), containerId: container.id, netns: container.netns, ifname: "eth0" }),
        ),
      ]);
      expect(filesOf()).toEqual([]);
      expect(await host.leases()).toEqual([]);
    } finally {
      for (const container of containers) container.remove();
    }
  });

  test("is remembered by the state directory, agreed with at the start, and turned off by none", async () => {
    using container = createContainer();
    const request = { network: listOf(), containerId: container.id, netns: container.netns, ifname: "eth0" };
    const address = addressOf(await node.host.add(request));
    expect(existsSync(join(store, NETWORK))).toBe(false);
    // A lease of the time before the store gets its file.
    await using first = await openHost(store);
    await first.leases();
    expect(filesOf()).toEqual([address]);
    await first.close();
    await using second = await openHost();
    await second.del(request);
    expect(filesOf()).toEqual([]);
    await second.close();
    await using third = await openHost("none");
    await third.add(request);
    expect(filesOf()).toEqual([]);
    await third.del(request);
  });

  test("a store that others may write to is refused, with what to do", async () => {
    mkdirSync(store, { mode: 0o777 });
    const open = join(store, "open");
    mkdirSync(open);
    chmodSync(open, 0o777);
    await using host = await openHost(open);
    const refused = await failureOf(host.leases());
    expect(refused.text).toContain("host-local's store");
    expect(refused.text).toContain("--host-local-store none");
  });

  test("files of an imported container go with its DEL", async () => {
    expect(addressOf(await reference("ADD", "theirs"))).toBe("10.71.0.2");
    writeFileSync(join(store, NETWORK, "10.71.0.9"), "early\n");
    await using host = await openHost(store);
    await host.importLeases({ dir: store });
    expect((await host.leases()).map(({ containerId, ifname }) => [containerId, ifname])).toEqual([
      ["theirs", "eth0"],
      ["early", ""],
    ]);
    for (const containerId of ["theirs", "early"])
      await host.del({ network: listOf(), containerId, netns: "", ifname: "eth0" });
    expect(filesOf()).toEqual([]);
    expect(await host.leases()).toEqual([]);
  });
});
