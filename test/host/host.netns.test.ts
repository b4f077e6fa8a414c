/** Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import type { Container, Folder } from "./stage.ts";
import {
  bridgeNetwork,
  createContainer,
  createFolder,
  createStage,
  nodeLinks,
  nodeRules,
  processesOf,
  until,
} from "./stage.ts";
import { readBundled } from "../support/bundled.ts";

let host: Host;
let folder: Folder;
const containers: Container[] = [];
beforeAll(async () => {
  ({ host, folder } = await createStage());
});
afterEach(() => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
});
afterAll(async () => {
  await host.close();
  folder[Symbol.dispose]();
});

const newContainer = (): Container => {
  const container = createContainer();
  containers.push(container);
  return container;
};
const requestOf = (container: Container, network: object, ifname = "eth0") => ({
  network: JSON.stringify(network),
  containerId: container.name,
  netns: container.netns,
  ifname,
});
const ping = (container: Container, address: string): string =>
  execFileSync("ip", ["netns", "exec", container.name, "ping", "-c", "1", "-W", "2", address], { encoding: "utf8" });
const addressOf = (result: object): string =>
  (result as { ips: { address: string }[] }).ips[0]?.address.split("/")[0] ?? "";

describe("a network of a bridge with host-local", () => {
  test("connects containers with each other and with the gateway, and DEL leaves nothing", async () => {
    const network = bridgeNetwork(1);
    const [one, two] = [newContainer(), newContainer()];
    const first = await host.add(requestOf(one, network));
    const second = await host.add(requestOf(two, network));
    expect(first).toMatchObject({
      cniVersion: "1.1.0",
      ips: [{ gateway: "10.77.1.1", interface: 2 }],
      routes: [{ dst: "0.0.0.0/0" }],
    });
    expect(ping(one, addressOf(second))).toContain("1 received");
    expect(ping(two, "10.77.1.1")).toContain("1 received");
    await host.check(requestOf(one, network));
    expect((await host.leases({ network: "net1" })).map((row) => row.containerId).sort()).toEqual(
      [one.name, two.name].sort(),
    );
    await host.del(requestOf(one, network));
    expect(one.links()).toEqual([]);
    expect(await host.leases({ containerId: one.name })).toEqual([]);
    await host.del(requestOf(two, network));
    expect(nodeLinks()).toEqual([]);
    expect(nodeRules()).toEqual([]);
    expect(await host.ledger()).toEqual([]);
    expect(await host.leases()).toEqual([]);
    expect(await host.attachments()).toEqual([]);
  });

  test("is deleted without its namespace, and twice", async () => {
    const network = bridgeNetwork(2);
    const container = createContainer();
    await host.add(requestOf(container, network));
    container[Symbol.dispose]();
    await host.del({ ...requestOf(container, network), netns: "" });
    await host.del({ ...requestOf(container, network), netns: container.netns });
    expect(nodeLinks()).toEqual([]);
    expect(nodeRules()).toEqual([]);
    expect(await host.ledger()).toEqual([]);
  });

  test("takes many containers at a time", async () => {
    const network = bridgeNetwork(3);
    const many = Array.from({ length: 8 }, newContainer);
    const results = await Promise.all(many.map((container) => host.add(requestOf(container, network))));
    expect(new Set(results.map(addressOf)).size).toBe(8);
    await Promise.all(many.map((container) => host.del(requestOf(container, network))));
    expect(nodeLinks()).toEqual([]);
    expect(await host.ledger()).toEqual([]);
  });

  test("gives one container its loopback and its network by one chain", async () => {
    const network = bridgeNetwork(4);
    const container = newContainer();
    const chain = { ...network, plugins: [...network.plugins, { type: "loopback" }] };
    // The reference's loopback is a network of its own; here it only has to come after another plugin.
    await host.add({ ...requestOf(container, { ...chain, plugins: [{ type: "loopback" }] }), ifname: "lo" });
    await host.add(requestOf(container, network));
    await host.del(requestOf(container, network));
    await host.del({ ...requestOf(container, { ...chain, plugins: [{ type: "loopback" }] }), ifname: "lo" });
    expect(await host.attachments()).toEqual([]);
  });

  test("two networks of one container are independent", async () => {
    const container = newContainer();
    await host.add(requestOf(container, bridgeNetwork(5)));
    await host.add(requestOf(container, bridgeNetwork(6), "net1"));
    await host.del(requestOf(container, bridgeNetwork(5)));
    expect(container.links()).toEqual(["net1"]);
    await host.del(requestOf(container, bridgeNetwork(6), "net1"));
    expect(nodeLinks()).toEqual([]);
  });
});

describe("bad input", () => {
  const good = bridgeNetwork(10);
  const cases: readonly {
    readonly title: string;
    readonly change: (container: Container) => object;
    readonly code: number;
  }[] = [
    { title: "a configuration that is not JSON", change: () => ({ network: "{" }), code: 6 },
    {
      title: "a configuration of a wrong type",
      change: () => ({ network: '{"cniVersion":"1.0.0","name":"n","plugins":{}}' }),
      code: 6,
    },
    {
      title: "a configuration of an unknown version",
      change: () => ({ network: JSON.stringify({ ...good, cniVersion: "9.0.0" }) }),
      code: 1,
    },
    {
      title: "a plugin field of a wrong type",
      change: () => ({ network: JSON.stringify(bridgeNetwork(10, { bridge: 7 })) }),
      code: 6,
    },
    {
      title: "an unknown plugin type",
      change: () => ({ network: JSON.stringify(bridgeNetwork(10, { type: "nothing" })) }),
      code: 100,
    },
    {
      title: "an illegal network name",
      change: () => ({ network: JSON.stringify({ ...good, name: "a/b" }) }),
      code: 7,
    },
    { title: "an illegal container id", change: () => ({ containerId: "a/b" }), code: 4 },
    { title: "no container id", change: () => ({ containerId: "" }), code: 3 },
    { title: "an illegal link name", change: () => ({ ifname: "a/b" }), code: 4 },
    { title: "a link name that is taken", change: () => ({ ifname: "lo" }), code: 109 },
    { title: "a namespace that is missing", change: () => ({ netns: "/run/netns/missing" }), code: 8 },
    { title: "a namespace that is a file", change: () => ({ netns: "/etc/hostname" }), code: 8 },
    { title: "the node's own namespace", change: () => ({ netns: "/proc/self/ns/net" }), code: 8 },
    {
      title: "a field that is not implemented",
      change: () => ({ network: JSON.stringify(bridgeNetwork(10, { vlan: 5 })) }),
      code: 2,
    },
  ];
  test.for(cases)("$title is code $code, and nothing is left", async ({ change, code }) => {
    const container = newContainer();
    await expect(host.add({ ...requestOf(container, good), ...change(container) })).rejects.toMatchObject({ code });
    expect(container.links()).toEqual([]);
    expect(nodeLinks()).toEqual([]);
    expect(nodeRules()).toEqual([]);
    expect(await host.ledger()).toEqual([]);
    expect(await host.leases()).toEqual([]);
  });

  test("no free address is an error, and nothing is left of it", async () => {
    const network = bridgeNetwork(11);
    const small = {
      ...network,
      plugins: network.plugins.map((plugin) => ({ ...plugin, ipam: { type: "host-local", subnet: "10.77.11.0/30" } })),
    };
    const [one, two] = [newContainer(), newContainer()];
    await host.add(requestOf(one, small));
    await expect(host.add(requestOf(two, small))).rejects.toMatchObject({ kind: "pluginFailed" });
    expect(two.links()).toEqual([]);
    await host.del(requestOf(one, small));
    expect(await host.ledger()).toEqual([]);
  });

  test("a bridge of another kind of link is refused", async () => {
    execFileSync("ip", ["link", "add", "tb12", "type", "veth", "peer", "name", "tb12p"]);
    try {
      await expect(host.add(requestOf(newContainer(), bridgeNetwork(12)))).rejects.toThrow();
      expect(nodeLinks().sort()).toEqual(["tb12", "tb12p"]);
      expect(await host.ledger()).toEqual([]);
    } finally {
      execFileSync("ip", ["link", "del", "tb12"]);
    }
  });

  test("a bridge that is not ours is refused, and the grant that would allow it is named", async () => {
    execFileSync("ip", ["link", "add", "tb13", "type", "bridge"]);
    try {
      const error = await host.add(requestOf(newContainer(), bridgeNetwork(13))).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 101 });
      expect((error as { details: string }).details).toContain("adopt");
    } finally {
      execFileSync("ip", ["link", "del", "tb13"]);
    }
  });
});

describe("components", () => {
  test("one with a changed byte is refused, and the installed one stays", async () => {
    const component = Buffer.from(readBundled("bridge"));
    const before = await host.list();
    const at = Math.floor(component.byteLength / 2);
    component.writeUInt8(component.readUInt8(at) ^ 1, at);
    await expect(host.install({ component })).rejects.toMatchObject({ kind: "componentRejected" });
    expect(await host.list()).toEqual(before);
  });

  test("one whose stored code was changed makes no call", async () => {
    using own = createFolder();
    await using other = await createHost({ stateDir: join(own.path, "state") });
    const { digest } = await other.install({ component: readBundled("loopback") });
    const code = join(own.path, "state/components", digest.slice("sha256:".length));
    const file = execFileSync("find", [code, "-name", "component.js"], { encoding: "utf8" }).trim();
    writeFileSync(file, "export function instantiate() {}");
    const container = newContainer();
    const network = { cniVersion: "1.0.0", name: "lo", plugins: [{ type: "loopback" }] };
    await expect(other.add(requestOf(container, network, "lo"))).rejects.toMatchObject({ code: 104 });
  });

  test("uninstall makes the type unknown, revoke takes the grant", async () => {
    using own = createFolder();
    await using other = await createHost({ stateDir: join(own.path, "state") });
    await other.install({ component: readBundled("loopback") });
    await other.uninstall("loopback");
    expect(await other.list()).toEqual([]);
    await expect(other.uninstall("loopback")).rejects.toMatchObject({ kind: "unknownPlugin" });
    await other.install({ component: readBundled("loopback") });
    await other.revoke("loopback");
    expect(await other.list()).toEqual([]);
  });

  test("version is answered from manifests", async () => {
    expect(await host.version()).toMatchObject({
      supportedVersions: ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"],
    });
    expect(await host.version(bridgeNetwork(1))).toMatchObject({ cniVersion: "1.1.0" });
    await expect(host.version(bridgeNetwork(1, { type: "nothing" }))).rejects.toMatchObject({ code: 100 });
  });
});

describe("processes", () => {
  test("a helper that is killed is replaced by the next call, and what it did stays on record", async () => {
    using own = createFolder();
    await using other = await createHost({ stateDir: join(own.path, "state") });
    await other.install({ component: readBundled("bridge") });
    await other.install({ component: readBundled("host-local") });
    const container = newContainer();
    const network = bridgeNetwork(20);
    await other.add(requestOf(container, network));
    const helper = processesOf(own.path).find(({ command }) => command.includes("helper.mjs"));
    process.kill(helper?.pid ?? 0, "SIGKILL");
    await until(() => processesOf(own.path).length === 0);
    await other.check(requestOf(container, network));
    await other.del(requestOf(container, network));
    expect(nodeLinks()).toEqual([]);
    expect(await other.ledger()).toEqual([]);
  });

  test("none is left by a host that was closed", async () => {
    using own = createFolder();
    const other = await createHost({ stateDir: join(own.path, "state") });
    await other.install({ component: readBundled("loopback") });
    const container = newContainer();
    await other.add(requestOf(container, { cniVersion: "1.0.0", name: "lo", plugins: [{ type: "loopback" }] }, "lo"));
    expect(processesOf(own.path).length).toBeGreaterThan(1);
    await other.close();
    await until(() => processesOf(own.path).length === 0);
    await expect(other.list()).rejects.toMatchObject({ kind: "helperFailed" });
  });
});
