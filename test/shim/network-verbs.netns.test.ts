/** Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installShims } from "../../host/shim/install.ts";
import { DIST, bridgeNetwork, createContainer, createStage, nodeLinks, processesOf, until } from "../host/stage.ts";
import type { Container, Folder } from "../host/stage.ts";

const COMMAND = resolve(import.meta.dirname, "../../bin/cnidaria.cjs");
const KINDS = ["native", "node"] as const;

let folder: Folder;
const containers: Container[] = [];
beforeAll(async () => {
  const stage = await createStage();
  folder = stage.folder;
  const types = await stage.host.list();
  await stage.host.close();
  const options = { stateDir: join(folder.path, "state"), bundleDir: DIST, nodePath: process.execPath, types };
  for (const kind of KINDS) {
    const isNativeWanted = kind === "native";
    installShims({ ...options, binDir: join(folder.path, kind), lingerSeconds: 60, isNativeWanted });
  }
});
afterEach(() => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
});
const stopWarmHosts = async (): Promise<void> => {
  for (const { pid } of processesOf(folder.path).filter(({ command }) => command.includes("warm-host.mjs")))
    process.kill(pid, "SIGTERM");
  await until(() => processesOf(folder.path).length === 0);
};
afterAll(async () => {
  await stopWarmHosts();
  folder[Symbol.dispose]();
});

const newContainer = (): Container => {
  const container = createContainer();
  containers.push(container);
  return container;
};

/** Calls an executable as a runtime does; gives the code of its error, 0 without one, and what it printed. */
function call(kind: string, variables: Record<string, string>, configuration: object) {
  const binDir = join(folder.path, kind);
  const env = { CNI_PATH: binDir, ...variables };
  const { status, stdout } = spawnSync(join(binDir, "bridge"), {
    env,
    input: JSON.stringify(configuration),
    encoding: "utf8",
  });
  const code = status === 0 ? 0 : (JSON.parse(stdout) as { readonly code: number }).code;
  return { code, stdout };
}

/** A network of one plugin that can give out two addresses. */
const network = (index: number) => {
  const [plugin] = bridgeNetwork(index).plugins;
  const ipam = { type: "host-local", subnet: `10.77.${index}.0/24`, rangeEnd: `10.77.${index}.3` };
  return { cniVersion: "1.1.0", name: `net${index}`, ...plugin, ipam };
};
const addOf = ({ name, netns }: Container) => ({
  CNI_COMMAND: "ADD",
  CNI_CONTAINERID: name,
  CNI_NETNS: netns,
  CNI_IFNAME: "eth0",
});

describe.each(KINDS)("a %s executable", (kind) => {
  const base = kind === "native" ? 20 : 120;

  test("answers STATUS: 0, 50 with no address left, 51 with the bridge gone; GC makes it 0 again", () => {
    const configuration = network(base);
    const status = (): number => call(kind, { CNI_COMMAND: "STATUS" }, configuration).code;
    expect(call(kind, { CNI_COMMAND: "STATUS" }, configuration)).toEqual({ code: 0, stdout: "" });
    const [kept, stale] = [newContainer(), newContainer()];
    for (const container of [kept, stale]) expect(call(kind, addOf(container), configuration).code).toBe(0);
    expect(status()).toBe(50);
    const valid = [{ containerID: kept.name, ifname: "eth0" }];
    const gc = { ...configuration, "cni.dev/valid-attachments": valid, "cni.dev/attachments": valid };
    expect(call(kind, { CNI_COMMAND: "GC" }, gc)).toEqual({ code: 0, stdout: "" });
    expect([kept.links(), stale.links()]).toEqual([["eth0"], []]);
    expect(status()).toBe(0);
    execFileSync("ip", ["link", "del", `tb${base}`]);
    expect(status()).toBe(51);
    expect(call(kind, { CNI_COMMAND: "GC" }, { ...configuration, "cni.dev/attachments": [] }).code).toBe(0);
    expect(status()).toBe(0);
    expect(nodeLinks()).toEqual([]);
  });

  test("removes nothing in a GC without a list", () => {
    const container = newContainer();
    expect(call(kind, addOf(container), network(base + 1)).code).toBe(0);
    expect(call(kind, { CNI_COMMAND: "GC" }, network(base + 1)).code).toBe(0);
    expect(container.links()).toEqual(["eth0"]);
    expect(call(kind, { CNI_COMMAND: "GC" }, { ...network(base + 1), "cni.dev/attachments": [] }).code).toBe(0);
  });

  test.for([
    { cniVersion: "0.1.0", codes: { CHECK: 1, GC: 1, STATUS: 0 } },
    { cniVersion: "0.3.1", codes: { CHECK: 1, GC: 1, STATUS: 0 } },
    { cniVersion: "0.4.0", codes: { CHECK: 0, GC: 1, STATUS: 0 } },
    { cniVersion: "1.0.0", codes: { CHECK: 0, GC: 1, STATUS: 0 } },
    { cniVersion: "1.1.0", codes: { CHECK: 0, GC: 0, STATUS: 0 } },
  ])("answers in version $cniVersion what README.md says", ({ cniVersion, codes }) => {
    const container = newContainer();
    const configuration = { ...network(base + 3), cniVersion };
    const ask = (command: string): number =>
      call(kind, { ...addOf(container), CNI_COMMAND: command }, configuration).code;
    expect(ask("ADD")).toBe(0);
    expect(Object.fromEntries(Object.keys(codes).map((command) => [command, ask(command)]))).toEqual(codes);
    expect(ask("DEL")).toBe(0);
    expect(nodeLinks()).toEqual([]);
  });

  test("answers STATUS with code 50 when no helper can start", async () => {
    await stopWarmHosts();
    const version = join(folder.path, "state", "version");
    writeFileSync(version, "of another release\n");
    expect(call(kind, { CNI_COMMAND: "STATUS" }, network(base + 2)).code).toBe(50);
    await stopWarmHosts();
    writeFileSync(version, "1\n");
    expect(call(kind, { CNI_COMMAND: "STATUS" }, network(base + 2)).code).toBe(0);
  });
});

test("the commands gc and status do the same on a list", async () => {
  await stopWarmHosts();
  const list = join(folder.path, "10-net40.conflist");
  writeFileSync(list, JSON.stringify(bridgeNetwork(40)));
  const env = { CNIDARIA_STATE_DIR: join(folder.path, "state"), NETCONFPATH: folder.path };
  const run = (...args: string[]) => {
    const { status, stdout } = spawnSync(process.execPath, [COMMAND, ...args], { env, encoding: "utf8" });
    return { status, stdout };
  };
  const [kept, stale] = [newContainer(), newContainer()];
  for (const { netns } of [kept, stale]) expect(run("add", "net40", netns).status).toBe(0);
  expect(run("status", "net40")).toEqual({ status: 0, stdout: "" });
  const attachments = execFileSync(process.execPath, [COMMAND, "--json", "leases"], { env, encoding: "utf8" });
  const { containerId } = (
    JSON.parse(attachments) as { readonly address: string; readonly containerId: string }[]
  ).find(({ address }) => address === "10.77.40.2") ?? { containerId: "" };
  expect(run("gc", "net40", "--valid", `${containerId}/eth0`)).toEqual({ status: 0, stdout: "" });
  expect([kept.links(), stale.links()]).toEqual([["eth0"], []]);
  execFileSync("ip", ["link", "set", "tb40", "down"]);
  const degraded = run("status", "net40", kept.netns);
  expect([degraded.status, JSON.parse(degraded.stdout)]).toMatchObject([1, { cniVersion: "1.1.0", code: 51 }]);
  expect(run("gc", "net40", kept.netns)).toEqual({ status: 0, stdout: "" });
  expect(nodeLinks()).toEqual([]);
  rmSync(list);
});
