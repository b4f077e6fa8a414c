/** Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installShims } from "../../host/shim/install.ts";
import {
  DIST,
  bridgeNetwork,
  createContainer,
  createStage,
  nodeLinks,
  nodeRules,
  processesOf,
  until,
} from "../host/stage.ts";
import type { Container, Folder } from "../host/stage.ts";

/** Both kinds of executable are to do the same. They share a runtime folder, and so a warm host. */
const KINDS = ["native", "node"] as const;

let folder: Folder;
let binDir = "";
/** Executables whose warm host ends with its call. */
let binDirWithoutLinger = "";

/** Added to the index of every network: each kind begins with networks that gave out no address yet. */
let base = 0;

/** Takes the executables of one kind. */
const take = (kind: string): void => {
  base = kind === "native" ? 0 : 100;
  binDir = join(folder.path, kind);
  binDirWithoutLinger = join(folder.path, `${kind}-0`);
};
const containers: Container[] = [];

beforeAll(async () => {
  const stage = await createStage();
  folder = stage.folder;
  const types = await stage.host.list();
  await stage.host.close();
  const options = { stateDir: join(folder.path, "state"), bundleDir: DIST, nodePath: process.execPath, types };
  for (const kind of KINDS) {
    const isNativeWanted = kind === "native";
    take(kind);
    expect(installShims({ ...options, binDir, lingerSeconds: 60, isNativeWanted }).kind).toBe(kind);
    installShims({ ...options, binDir: binDirWithoutLinger, lingerSeconds: 0, isNativeWanted });
  }
});
afterEach(() => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
});
afterAll(async () => {
  stopWarmHost();
  await until(() => processesOf(folder.path).length === 0);
  folder[Symbol.dispose]();
});

const newContainer = (): Container => {
  const container = createContainer();
  containers.push(container);
  return container;
};

const warmHosts = () => processesOf(folder.path).filter(({ command }) => command.includes("warm-host.mjs"));
const stopWarmHost = (): void => {
  for (const { pid } of warmHosts()) process.kill(pid, "SIGTERM");
};

/** Configuration of one plugin, as a runtime hands it over. */
const configurationOf = (index: number, cniVersion = "1.0.0"): string => {
  const { name, plugins } = bridgeNetwork(base + index);
  return JSON.stringify({ cniVersion, name, ...plugins[0] });
};

const environmentOf = (
  command: string,
  container: { readonly name: string; readonly netns: string },
  extra: Record<string, string> = {},
) => ({
  CNI_COMMAND: command,
  CNI_CONTAINERID: container.name,
  CNI_NETNS: container.netns,
  CNI_IFNAME: "eth0",
  CNI_PATH: binDir,
  ...extra,
});

const call = (env: Record<string, string>, input: string, { type = "bridge", folder: from = binDir } = {}) =>
  spawnSync(join(from, type), { env, input, encoding: "utf8" });

describe.each(KINDS)("a %s executable", (kind) => {
  beforeAll(() => take(kind));

  test("adds, checks and removes, as the reference's does", async () => {
    const container = newContainer();
    const input = configurationOf(1);
    const added = call(environmentOf("ADD", container), input);
    expect(added).toMatchObject({ status: 0 });
    expect(added.stderr).toMatch(/call [0-9a-f-]{36}/u);
    expect(JSON.parse(added.stdout)).toMatchObject({
      cniVersion: "1.0.0",
      ips: [{ address: `10.77.${base + 1}.2/24`, gateway: `10.77.${base + 1}.1`, interface: 2 }],
    });
    expect(container.links()).toEqual(["eth0"]);
    const checked = JSON.stringify({ ...JSON.parse(input), prevResult: JSON.parse(added.stdout) });
    expect(call(environmentOf("CHECK", container), checked)).toMatchObject({ status: 0, stdout: "" });
    expect(call(environmentOf("DEL", container), checked)).toMatchObject({ status: 0, stdout: "" });
    expect(call(environmentOf("DEL", container, { CNI_NETNS: "" }), input)).toMatchObject({ status: 0, stdout: "" });
    expect(nodeLinks()).toEqual([]);
    expect(nodeRules()).toEqual([]);
  });

  test("a chained plugin by itself: adds to what is there, is checked, and puts it back", () => {
    const container = newContainer();
    const input = JSON.parse(configurationOf(8)) as { readonly cniVersion: string; readonly name: string };
    const { cniVersion, name } = input;
    const bridged = JSON.parse(call(environmentOf("ADD", container), JSON.stringify(input)).stdout) as object;
    const link = (): string =>
      execFileSync("ip", ["-n", container.name, "-o", "link", "show", "eth0"], { encoding: "utf8" });
    const untuned = link();
    const tuning = { cniVersion, name, type: "tuning", mtu: 1400, mac: "02:11:22:33:44:55" };
    const tune = (command: string, prevResult: object) =>
      call(environmentOf(command, container), JSON.stringify({ ...tuning, prevResult }), { type: "tuning" });
    const added = tune("ADD", bridged);
    expect(added).toMatchObject({ status: 0 });
    const result = JSON.parse(added.stdout) as object;
    expect(result).toMatchObject({ interfaces: [{}, {}, { name: "eth0", mac: "02:11:22:33:44:55" }] });
    expect(link()).toContain("mtu 1400");
    expect(tune("CHECK", result)).toMatchObject({ status: 0, stdout: "" });
    for (let time = 0; time < 2; time += 1) expect(tune("DEL", result)).toMatchObject({ status: 0, stdout: "" });
    expect(link()).toBe(untuned);
    expect(call(environmentOf("DEL", container), JSON.stringify(input))).toMatchObject({ status: 0 });
    expect(nodeLinks()).toEqual([]);
  });

  test("leaves one warm host behind for the next call, which keeps nothing of the caller's", async () => {
    const [one, two] = [newContainer(), newContainer()];
    call(environmentOf("ADD", one, { NODE_OPTIONS: "--no-such-option", SECRET: "x" }), configurationOf(2));
    const [first] = warmHosts();
    call(environmentOf("ADD", two), configurationOf(2));
    expect(warmHosts().map(({ pid }) => pid)).toEqual([first?.pid]);
    const pid = first?.pid ?? 0;
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).toBe("");
    const ends = ["0", "1", "2"].map((fd) =>
      execFileSync("readlink", [`/proc/${pid}/fd/${fd}`], { encoding: "utf8" }).trim(),
    );
    expect(ends).toEqual(["/dev/null", "/dev/null", "/dev/null"]);
    expect(execFileSync("readlink", [`/proc/${pid}/cwd`], { encoding: "utf8" }).trim()).toBe("/");
    for (const container of [one, two]) call(environmentOf("DEL", container), configurationOf(2));
    expect(nodeLinks()).toEqual([]);
  });

  test("many at once share one warm host", async () => {
    stopWarmHost();
    await until(() => processesOf(folder.path).length === 0);
    const many = Array.from({ length: 5 }, newContainer);
    const codes = await Promise.all(
      many.map(
        (container) =>
          new Promise<number | null>((resolve) => {
            const child = spawn(join(binDir, "bridge"), {
              env: environmentOf("ADD", container),
              stdio: ["pipe", "ignore", "ignore"],
            });
            child.stdin?.end(configurationOf(3));
            child.on("exit", resolve);
          }),
      ),
    );
    expect(codes).toEqual([0, 0, 0, 0, 0]);
    expect(warmHosts()).toHaveLength(1);
    for (const container of many) expect(call(environmentOf("DEL", container), configurationOf(3)).status).toBe(0);
    expect(nodeLinks()).toEqual([]);
  });

  test("takes over from a warm host that was killed in its sleep", () => {
    const container = newContainer();
    for (const { pid } of warmHosts()) process.kill(pid, "SIGKILL");
    expect(call(environmentOf("ADD", container), configurationOf(4)).status).toBe(0);
    expect(call(environmentOf("DEL", container), configurationOf(4)).status).toBe(0);
  });

  test("leaves no process and no socket where no warm host is wanted", async () => {
    stopWarmHost();
    await until(() => processesOf(folder.path).length === 0);
    const container = newContainer();
    expect(call(environmentOf("ADD", container), configurationOf(5), { folder: binDirWithoutLinger }).status).toBe(0);
    await until(() => processesOf(folder.path).length === 0);
    expect(readdirSync(join(folder.path, "state/run"))).toEqual([]);
    expect(call(environmentOf("DEL", container), configurationOf(5), { folder: binDirWithoutLinger }).status).toBe(0);
    expect(nodeLinks()).toEqual([]);
    await until(() => processesOf(folder.path).length === 0);
  });

  test("uses no warm host of another network namespace, nor is one used by it", async () => {
    const [one, two] = [newContainer(), newContainer()];
    expect(call(environmentOf("ADD", one), configurationOf(10)).status).toBe(0);
    const before = warmHosts().map(({ pid }) => pid);
    const shim = join(binDirWithoutLinger, "bridge");
    // Another node: its own network, and the same mount namespace, so that it sees the same sockets.
    const other = (command: string) =>
      spawnSync("unshare", ["--net", shim], {
        env: { ...environmentOf(command, two), PATH: "/usr/sbin:/usr/bin" },
        input: configurationOf(11),
        encoding: "utf8",
      });
    expect(other("ADD")).toMatchObject({ status: 0 });
    expect(nodeLinks()).not.toContain(`tb${base + 11}`);
    expect(warmHosts().map(({ pid }) => pid)).toEqual(expect.arrayContaining(before));
    await until(() => warmHosts().length === before.length);
    expect(call(environmentOf("DEL", one), configurationOf(10)).status).toBe(0);
    expect(other("DEL")).toMatchObject({ status: 0 });
    await until(() => warmHosts().length === before.length);
    expect(nodeLinks()).toEqual([]);
  });

  test("of an IPAM plugin answers with the configuration of its caller", () => {
    const container = newContainer();
    const added = call(environmentOf("ADD", container), configurationOf(6), { type: "host-local" });
    expect(added.status).toBe(0);
    const result = JSON.parse(added.stdout) as object;
    expect(result).toMatchObject({ ips: [{ address: `10.77.${base + 6}.2/24` }] });
    expect(call(environmentOf("DEL", container), configurationOf(6), { type: "host-local" }).status).toBe(0);
  });

  test("answers in the version of the configuration", () => {
    const container = newContainer();
    const added = call(environmentOf("ADD", container), configurationOf(7, "0.4.0"));
    expect(JSON.parse(added.stdout)).toMatchObject({ cniVersion: "0.4.0", ips: [{ version: "4" }] });
    call(environmentOf("DEL", container), configurationOf(7, "0.4.0"));
  });

  test("answers STATUS", () => {
    expect(call({ CNI_COMMAND: "STATUS", CNI_PATH: binDir }, configurationOf(8, "1.1.0"))).toMatchObject({
      status: 0,
      stdout: "",
    });
  });
});

describe.each(KINDS)("what a runtime does wrong with a %s executable", (kind) => {
  beforeAll(() => take(kind));

  test("no verb: a line about the plugin on stderr, exit code 0", () => {
    const { status, stdout, stderr } = call({}, "");
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("CNI plugin bridge");
  });

  test.for([
    { title: "a verb that is none", change: { CNI_COMMAND: "MOD" }, input: undefined, code: 4 },
    { title: "a missing namespace variable", change: { CNI_NETNS: "" }, input: undefined, code: 4 },
    { title: "an illegal container id", change: { CNI_CONTAINERID: "a/b" }, input: undefined, code: 4 },
    { title: "malformed CNI_ARGS", change: { CNI_ARGS: "A" }, input: undefined, code: 4 },
    { title: "a configuration that is not JSON", change: {}, input: "{", code: 6 },
    { title: "an empty configuration", change: {}, input: "", code: 6 },
    {
      title: "a list where one plugin is wanted",
      change: {},
      input: JSON.stringify({ ...bridgeNetwork(9), plugins: [{ type: "bridge" }, { type: "bridge" }] }),
      code: 7,
    },
    { title: "an unknown version", change: {}, input: configurationOf(9, "9.9.9"), code: 1 },
    { title: "a namespace that is not there", change: { CNI_NETNS: "/run/netns/nothing" }, input: undefined, code: 8 },
    {
      title: "the node's own namespace, whatever CNI_NETNS_OVERRIDE says",
      change: { CNI_NETNS: "/proc/self/ns/net", CNI_NETNS_OVERRIDE: "1" },
      input: undefined,
      code: 8,
    },
  ])(
    "$title: code $code as CNI's error object, exit code 1, nothing left",
    ({ change, input = configurationOf(9), code }) => {
      const container = newContainer();
      const { status, stdout } = call({ ...environmentOf("ADD", container), ...change }, input);
      expect(status).toBe(1);
      const error = JSON.parse(stdout) as { cniVersion: string };
      expect(error).toMatchObject({ code });
      expect(error.cniVersion).toMatch(/^\d+\.\d+\.\d+$/u);
      expect(nodeLinks()).toEqual([]);
    },
  );
});
