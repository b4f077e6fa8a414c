/**
 * @module No process outlives the one it serves: whoever is killed, busy or idle.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installShims } from "../../host/shim/install.ts";
import { run, until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { buildCrashBundles } from "./bundles.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { createStage, endOf, networkOf, requestOf, spawnHost } from "./stage.ts";
import type { Stage } from "./stage.ts";

const NETWORK = networkOf("orphans", "10.78.0.0/24");
const LOOP = { cniVersion: "1.1.0", name: "loop", plugins: [{ type: "loop-in-add" }] };
/** The bound of the requirement. */
const ALL_GONE_MS = 1000;
const LINGER_SECONDS = 1;

let stage: Stage;
let binDir: string;
beforeAll(async () => {
  await buildCrashBundles();
  stage = await createStage(["bridge", "host-local", "loop-in-add"]);
  const host = await stage.openHost();
  binDir = join(dirname(stage.stateDir), "bin");
  const bundleDir = join(import.meta.dirname, "..", "..", "dist");
  installShims({
    stateDir: stage.stateDir,
    binDir,
    bundleDir,
    nodePath: process.execPath,
    types: await host.list(),
    lingerSeconds: LINGER_SECONDS,
  });
  await host.close();
});
afterAll(() => stage[Symbol.asyncDispose]());

type Role = "host" | "helper" | "sandbox" | "unshare" | "shim" | "warm host";

/** What tells the processes of one host apart, by their command lines. */
const COMMANDS: Readonly<Record<Role, RegExp>> = {
  host: /host-process\.mjs/u,
  helper: /helper\.mjs/u,
  sandbox: /^\/node /u,
  unshare: /\/unshare /u,
  shim: /shim\.cjs/u,
  "warm host": /warm-host\.mjs/u,
};

function pidsOf(role: Role): readonly number[] {
  return everyProcessOf(stage.stateDir).flatMap(({ pid, command }) => (COMMANDS[role].test(command) ? [pid] : []));
}

function killAll(role: Role): void {
  const pids = pidsOf(role);
  expect(pids, `processes of the ${role}`).not.toEqual([]);
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

/** User time of a process in clock ticks. Source: proc_pid_stat(5), field 14. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[11]);
}

/** A guest's call that loops uses time for as long as it is watched: more than the sandbox needs to start. */
async function loopIsUnderWay(): Promise<void> {
  await until("a sandbox that loops", () => pidsOf("sandbox").some((pid) => ticksOf(pid) > LOOPING_TICKS));
}

const LOOPING_TICKS = 60;
/** Code of ours for a helper that ended. */
const HELPER_FAILED = 105;

async function expectGone(why: string): Promise<void> {
  const { stateDir } = stage;
  await until(`the end of every process, ${why}`, () => everyProcessOf(stateDir).length === 0);
}

/** What is on record of a dead call is undone by the next helper. */
async function expectRecovered(): Promise<void> {
  const host = await stage.openHost();
  await host.list();
  await host.close();
  expect(rowsLeft(stage.stateDir)).toEqual([]);
  expect(locksLeft(stage.stateDir)).toEqual([]);
}

/** A host in a process of its own that is busy with a call that never ends, or idle after one. */
async function startHost(state: "busy" | "idle", container: TestContainer): Promise<ChildProcess> {
  if (state === "busy") {
    const host = spawnHost(stage.stateDir, "add", requestOf(container, LOOP));
    host.stderr?.resume();
    await loopIsUnderWay();
    return host;
  }
  const host = spawnHost(stage.stateDir, "stay", requestOf(container, NETWORK));
  if (host.stdout !== null) await once(host.stdout, "data");
  return host;
}

async function delAfter(container: TestContainer): Promise<void> {
  const host = await stage.openHost();
  for (const network of [NETWORK, LOOP]) await host.del(requestOf(container, network));
  await host.close();
  expect(rowsLeft(stage.stateDir)).toEqual([]);
}

describe("the helper, killed while a guest loops", () => {
  test("takes every sandbox with it within a second", async () => {
    using container = createContainer();
    const host = await stage.openHost();
    const added = host.add(requestOf(container, LOOP)).then(
      () => "added",
      (error: { code: number }) => error.code,
    );
    await loopIsUnderWay();
    const sandboxes = new Set([...pidsOf("sandbox"), ...pidsOf("unshare")]);
    expect(sandboxes.size).toBeGreaterThan(1);
    const killedAt = performance.now();
    killAll("helper");
    while (
      everyProcessOf(stage.stateDir).some(({ pid }) => sandboxes.has(pid)) &&
      performance.now() - killedAt < ALL_GONE_MS
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(everyProcessOf(stage.stateDir).filter(({ pid }) => sandboxes.has(pid))).toEqual([]);
    expect(await added).toBe(HELPER_FAILED);
    await host.close();
    await expectGone("after the helper was killed");
    await expectRecovered();
  });
});

describe("no process is left", () => {
  for (const state of ["busy", "idle"] as const) {
    for (const role of ["host", "helper"] as const) {
      test(`of a ${state} host whose ${role} is killed`, async () => {
        using container = createContainer();
        const host = await startHost(state, container);
        const own = host.pid;
        killAll(role);
        const { stateDir } = stage;
        await until("the end of helper and sandboxes", () => everyProcessOf(stateDir).every(({ pid }) => pid === own));
        host.kill("SIGKILL");
        await endOf(host);
        await expectGone(`after the ${role} was killed`);
        if (state === "busy") await expectRecovered();
        await delAfter(container);
      });
    }

    for (const role of ["sandbox", "unshare"] as const) {
      test(`of a ${state} sandbox of which the ${role === "sandbox" ? "innermost" : "outermost"} process is killed`, async () => {
        using container = createContainer();
        const host = await startHost(state, container);
        killAll(role);
        await until("the end of its other processes", () => pidsOf("sandbox").length + pidsOf("unshare").length === 0);
        if (state === "idle") host.kill("SIGKILL");
        // A busy host is told, and ends by itself with an error.
        expect(await endOf(host)).toBe(state === "idle" ? "SIGKILL" : 1);
        await expectGone("after the host ended");
        await delAfter(container);
      });
    }
  }
});

/** Runs a shim as a runtime does. */
function callShim(type: string, command: string, container: TestContainer): ChildProcess {
  const network = type === "bridge" ? NETWORK : LOOP;
  const configuration = { ...(network.plugins as readonly object[])[0], cniVersion: "1.0.0", name: network.name };
  const env = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: container.id,
    CNI_NETNS: container.netns,
    CNI_IFNAME: "eth0",
    CNI_PATH: binDir,
  };
  const child = spawn(join(binDir, type), [], { env, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin?.end(JSON.stringify(configuration));
  child.stdout?.resume();
  return child;
}

describe("no process is left of a warm host", () => {
  test("whose shim is killed in a call", async () => {
    using container = createContainer();
    const shim = callShim("loop-in-add", "ADD", container);
    await loopIsUnderWay();
    killAll("shim");
    await endOf(shim);
    await until("the call's end", () => rowsLeft(stage.stateDir).length === 0);
    // As a runtime that lost its patience does.
    expect(await endOf(callShim("loop-in-add", "DEL", container))).toBe(0);
    await expectGone("after the last call");
    await expectRecovered();
  });

  for (const role of ["warm host", "helper"] as const) {
    test(`that is busy when its ${role === "helper" ? "helper" : "process"} is killed`, async () => {
      using container = createContainer();
      const shim = callShim("loop-in-add", "ADD", container);
      await loopIsUnderWay();
      killAll(role);
      expect(await endOf(shim)).toBe(1);
      await expectGone(`after the ${role} was killed`);
      await expectRecovered();
    });

    test(`that is idle when its ${role === "helper" ? "helper" : "process"} is killed`, async () => {
      using container = createContainer();
      expect(await endOf(callShim("bridge", "ADD", container))).toBe(0);
      killAll(role);
      await expectGone(`after the ${role} was killed`);
      expect(await endOf(callShim("bridge", "DEL", container))).toBe(0);
      await expectGone("after its last call");
      expect(rowsLeft(stage.stateDir)).toEqual([]);
    });
  }

  test("that had nothing to do for its time", async () => {
    using container = createContainer();
    expect(await endOf(callShim("bridge", "ADD", container))).toBe(0);
    expect(await endOf(callShim("bridge", "DEL", container))).toBe(0);
    await expectGone("after its last call");
    expect(run("ip", "-o", "link").trim().split("\n")).toHaveLength(1);
  });
});
