/** Runs in a node namespace of its own: `npm test` makes it. The executables are those of Debian's containernetworking-plugins. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/index.ts";
import { installShims } from "../../host/shim/install.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createStateFolder, createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { snapshot } from "../support/snapshot.ts";

/** Where Debian puts the reference plugins. */
const REFERENCE = "/usr/lib/cni";

let folder = "";
let node: readonly string[];
let test_: TestHost;
const containers: TestContainer[] = [];

beforeEach(async () => {
  folder = createStateFolder();
  mkdirSync(join(folder, "bin"));
  node = await snapshot();
});
afterEach(async () => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
  await test_[Symbol.asyncDispose]();
  removeRemains();
  expect(await snapshot()).toEqual(node);
});

/** Makes the host: components of some types, executables of others. */
const stage = async (plugins: readonly string[], legacy: readonly string[]) => {
  test_ = await createTestHost({ plugins });
  for (const type of legacy) await test_.host.allowLegacy(type);
  const container = createContainer();
  containers.push(container);
  return { host: test_.host, container };
};
const script = (type: string, body: string): void =>
  writeFileSync(join(folder, "bin", type), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
const requestOf = (container: TestContainer, network: object) => ({
  network: JSON.stringify(network),
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  pluginDirs: [join(folder, "bin"), REFERENCE],
});
/** host-local of the reference keeps its addresses in the test's folder. */
const ipam = (index: number): JsonObject => ({
  type: "host-local",
  subnet: `10.78.${index}.0/24`,
  routes: [{ dst: "0.0.0.0/0" }],
  dataDir: join(folder, "leases"),
});
const leasesOf = (network: string): readonly string[] =>
  existsSync(join(folder, "leases", network))
    ? readdirSync(join(folder, "leases", network)).filter((name) => /^[\d.]+$/u.test(name))
    : [];
const legacyCalls = async (): Promise<readonly string[]> =>
  (await test_.host.log({ limit: 1000 })).flatMap(({ event, data }) => {
    const { type, verb, outcome } = JSON.parse(data) as Record<string, string>;
    return event === "legacy-call" ? [`${type} ${verb} ${outcome}`] : [];
  });
/** Calls an executable of the reference as a runtime does. */
const callReference = (type: string, verb: string, container: TestContainer, configuration: object): JsonObject => {
  const { status, stdout } = spawnSync(join(REFERENCE, type), {
    input: JSON.stringify(configuration),
    encoding: "utf8",
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_COMMAND: verb,
      CNI_CONTAINERID: container.id,
      CNI_NETNS: container.netns,
      CNI_IFNAME: "eth0",
      CNI_PATH: REFERENCE,
    },
  });
  expect({ type, status, stdout }).toMatchObject({ status: 0 });
  return stdout === "" ? {} : (JSON.parse(stdout) as JsonObject);
};

/** Removes what the reference plugins leave on a node by design: their bridge, and the frame of their rules. */
const removeRemains = (): void => {
  const links = execFileSync("ip", ["-o", "link", "show", "type", "bridge"], { encoding: "utf8" });
  for (const [, bridge = ""] of links.matchAll(/^\d+: (tl\d+):/gmu)) execFileSync("ip", ["link", "del", bridge]);
  execFileSync("nft", ["flush", "ruleset"]);
  for (const { family, name } of tables()) execFileSync("nft", ["delete", "table", family, name]);
};
const tables = (): readonly { readonly family: string; readonly name: string }[] => {
  const text = execFileSync("nft", ["list", "tables"], { encoding: "utf8" });
  return [...text.matchAll(/^table (\S+) (\S+)/gmu)].map(([, family = "", name = ""]) => ({ family, name }));
};

describe("a component with an executable as its IPAM plugin, and another chained behind it", () => {
  const network = (index: number) => ({
    cniVersion: "1.0.0",
    name: `leg${index}`,
    plugins: [
      { type: "bridge", bridge: `tl${index}`, isGateway: true, ipam: ipam(index) },
      { type: "tuning", sysctl: { "net.core.somaxconn": "500" } },
    ],
  });

  test("adds, checks and removes", async () => {
    const { host, container } = await stage(["bridge"], ["host-local", "tuning"]);
    const request = requestOf(container, network(1));
    const result = await host.add(request);
    expect(result).toMatchObject({
      cniVersion: "1.0.0",
      ips: [{ address: "10.78.1.2/24", gateway: "10.78.1.1", interface: 2 }],
      routes: [{ dst: "0.0.0.0/0" }],
    });
    expect(container.run("cat", "/proc/sys/net/core/somaxconn").trim()).toBe("500");
    expect(container.ip("-4 -o addr show eth0")).toContain("10.78.1.2/24");
    expect(leasesOf("leg1")).toEqual(["10.78.1.2"]);
    expect(await host.attachments()).toMatchObject([{ legacy: ["host-local", "tuning"] }]);
    await host.check(request);
    await host.del(request);
    expect(leasesOf("leg1")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    const begunAndDone = (type: string, verb: string) => [`${type} ${verb} begun`, `${type} ${verb} ok`];
    expect(await legacyCalls()).toEqual([
      ...begunAndDone("host-local", "ADD"),
      ...begunAndDone("tuning", "ADD"),
      ...begunAndDone("host-local", "CHECK"),
      ...begunAndDone("tuning", "CHECK"),
      ...begunAndDone("tuning", "DEL"),
      ...begunAndDone("host-local", "DEL"),
    ]);
  });

  test("gives the address back when a later plugin fails, and says what that one said", async () => {
    const { host, container } = await stage(["bridge"], ["host-local", "tuning"]);
    script("tuning", `[ "$CNI_COMMAND" = DEL ] && exit 0; echo '{"code":4242,"msg":"not today"}'; exit 1`);
    await expect(host.add(requestOf(container, network(2)))).rejects.toMatchObject({
      code: 4242,
      message: "not today",
    });
    expect(leasesOf("leg2")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    expect((await legacyCalls()).slice(-4)).toEqual([
      "tuning DEL begun",
      "tuning DEL ok",
      "host-local DEL begun",
      "host-local DEL ok",
    ]);
  });

  test("is removed without the component, which is not there any more: the address is given back", async () => {
    const { host, container } = await stage(["bridge"], ["host-local", "tuning"]);
    const request = requestOf(container, network(3));
    await host.add(request);
    await host.revoke("bridge");
    await host.del({ ...request, netns: "" });
    expect(leasesOf("leg3")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
  });

  test("is removed but for what the executable made, when that is not allowed any more; and wholly when it is again", async () => {
    const { host, container } = await stage(["bridge"], ["host-local", "tuning"]);
    const request = requestOf(container, network(4));
    await host.add(request);
    await host.denyLegacy("host-local");
    await expect(host.del(request)).rejects.toMatchObject({
      message: 'the executable of type "host-local" is not allowed any more',
      details: expect.stringContaining("cnidaria legacy allow host-local") as string,
    });
    expect(container.ip("-o link")).not.toContain("eth0");
    expect(leasesOf("leg4")).toEqual(["10.78.4.2"]);
    await host.allowLegacy("host-local");
    await host.del(request);
    expect(leasesOf("leg4")).toEqual([]);
    expect(await host.attachments()).toEqual([]);
  });
});

describe("a list of executables alone", () => {
  const network = (index: number) => ({
    cniVersion: "0.4.0",
    name: `leg${index}`,
    plugins: [
      { type: "bridge", bridge: `tl${index}`, isGateway: true, ipMasq: true, ipam: ipam(index) },
      {
        type: "portmap",
        capabilities: { portMappings: true },
        snat: true,
      },
      { type: "firewall" },
      { type: "tuning", mtu: 1400 },
    ],
  });
  const types = ["bridge", "portmap", "firewall", "tuning"];

  test("does what they do when a runtime calls them, and leaves nothing", async () => {
    const { host, container } = await stage([], types);
    const list = network(5);
    const runtimeConfig = { portMappings: [{ hostPort: 18080, containerPort: 80, protocol: "tcp" }] };
    const request = { ...requestOf(container, list), runtimeConfig };
    const result = await host.add(request);
    expect(container.ip("-o link show eth0")).toContain("mtu 1400");
    expect(execFileSync("iptables", ["-t", "nat", "-S"], { encoding: "utf8" })).toContain("18080");
    await host.del(request);
    expect(leasesOf("leg5")).toEqual([]);
    expect(execFileSync("iptables", ["-t", "nat", "-S"], { encoding: "utf8" })).not.toContain("18080");

    const other = createContainer();
    containers.push(other);
    let prevResult: JsonObject | undefined;
    const { cniVersion, name, plugins } = list;
    for (const { capabilities, ...plugin } of plugins as readonly (JsonObject & { type: string })[]) {
      const derived = { cniVersion, name, ...plugin, ...(capabilities === undefined ? {} : { runtimeConfig }) };
      prevResult = callReference(plugin.type, "ADD", other, {
        ...derived,
        ...(prevResult === undefined ? {} : { prevResult }),
      });
    }
    for (const plugin of (plugins as readonly (JsonObject & { type: string })[]).toReversed())
      callReference(plugin.type, "DEL", other, {
        cniVersion,
        name,
        ...plugin,
        runtimeConfig,
        ...(prevResult === undefined ? {} : { prevResult }),
      });
    const comparable = (value: JsonObject | undefined): string =>
      JSON.stringify(value, Object.keys(flatten(value)).sort())
        .replaceAll(other.netns, container.netns)
        // The reference writes it although it is empty.
        .replace('"dns":{},', "")
        .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/gu, "MAC")
        .replaceAll(/veth[0-9a-f]+/gu, "veth")
        .replaceAll(/10\.78\.5\.\d+\/24/gu, "ADDRESS");
    expect(comparable(result)).toBe(comparable(prevResult));
  });

  test("is undone, last first, by those that ran", async () => {
    const { host, container } = await stage([], [...types, "failing"]);
    const list = network(6);
    const plugins = [...list.plugins, { type: "failing" }];
    script("failing", `echo "it is broken" >&2; [ "$CNI_COMMAND" = DEL ]`);
    await expect(host.add(requestOf(container, { ...list, plugins }))).rejects.toMatchObject({
      message: 'plugin "failing" failed on ADD: it is broken',
    });
    expect((await legacyCalls()).filter((line) => line.includes("DEL") && line.endsWith("ok"))).toEqual(
      ["failing", "tuning", "firewall", "portmap", "bridge"].map((type) => `${type} DEL ok`),
    );
    expect(leasesOf("leg6")).toEqual([]);
    expect(container.ip("-o link")).not.toContain("eth0");
  });

  test("is refused before anything is done when one is not there, or not allowed", async () => {
    const { host, container } = await stage([], ["bridge", "absent"]);
    const list = network(7);
    const [bridge] = list.plugins;
    await expect(
      host.add(requestOf(container, { ...list, plugins: [bridge, { type: "absent" }] })),
    ).rejects.toMatchObject({ kind: "unknownPlugin", message: 'no executable "absent" in CNI_PATH' });
    await expect(host.add(requestOf(container, list))).rejects.toMatchObject({
      kind: "unknownPlugin",
      details:
        "install it with: cnidaria install portmap; or let /usr/lib/cni/portmap run unconfined: cnidaria legacy allow portmap",
    });
    expect(await legacyCalls()).toEqual([]);
  });
});

describe("an executable with a component as its IPAM plugin, by an executable of ours, and a component behind it", () => {
  const network = (index: number) => ({
    cniVersion: "1.0.0",
    name: `leg${index}`,
    plugins: [
      {
        type: "bridge",
        bridge: `tl${index}`,
        isGateway: true,
        ipam: { type: "host-local", subnet: `10.78.${index}.0/24` },
      },
      { type: "loopback" },
    ],
  });
  const requestBy = (container: TestContainer, list: object) => ({
    ...requestOf(container, list),
    pluginDirs: [join(folder, "ours"), join(folder, "bin"), REFERENCE],
  });
  const stageShims = async () => {
    const staged = await stage(["host-local", "loopback"], ["bridge", "failing"]);
    installShims({
      stateDir: test_.stateDir,
      bundleDir: join(import.meta.dirname, "..", "..", "dist"),
      nodePath: process.execPath,
      types: await staged.host.list(),
      binDir: join(folder, "ours"),
      lingerSeconds: 0,
    });
    return staged;
  };

  test("adds, checks and removes as one operation", async () => {
    const { host, container } = await stageShims();
    const request = requestBy(container, network(8));
    expect(await host.add(request)).toMatchObject({ ips: [{ address: "10.78.8.2/24", gateway: "10.78.8.1" }] });
    expect(container.ip("-4 -o addr show eth0")).toContain("10.78.8.2/24");
    expect(container.ip("-o link show lo")).toContain("UP");
    expect(await host.leases()).toMatchObject([{ address: "10.78.8.2", network: "leg8", containerId: container.id }]);
    await host.check(request);
    await host.del(request);
    expect(await host.leases()).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    await host.del({ ...request, netns: "" });
  });

  test("gives the address back when a later plugin fails", async () => {
    const { host, container } = await stageShims();
    script("failing", `[ "$CNI_COMMAND" = DEL ]`);
    const list = network(9);
    const plugins = [...list.plugins, { type: "failing" }];
    await expect(host.add(requestBy(container, { ...list, plugins }))).rejects.toMatchObject({ kind: "pluginFailed" });
    expect(await host.leases()).toEqual([]);
    expect(await host.attachments()).toEqual([]);
    expect(container.ip("-o link")).not.toContain("eth0");
  });
});

function flatten(value: unknown): Record<string, true> {
  if (Array.isArray(value)) return Object.assign({}, ...value.map(flatten)) as Record<string, true>;
  if (typeof value !== "object" || value === null) return {};
  return Object.entries(value).reduce<Record<string, true>>(
    (keys, [key, inner]) => ({ ...keys, [key]: true, ...flatten(inner) }),
    {},
  );
}
