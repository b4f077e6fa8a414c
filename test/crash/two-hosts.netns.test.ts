/**
 * @module Hosts, each with a helper, that share one state directory and one node.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run, until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import { buildCrashBundles } from "./bundles.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { createStage, endOf, networkOf, requestOf, spawnHost } from "./stage.ts";
import type { Stage } from "./stage.ts";

const NETWORK = networkOf("shared", "10.80.0.0/24");
const LOOP: JsonObject = { cniVersion: "1.1.0", name: "loop", plugins: [{ type: "loop-in-add" }] };
const TRY_AGAIN_LATER = 11;
/** Long enough to see who is held up by whom; ended by the test. */
const LIMITS = { deadlineMs: 20_000 };

let stage: Stage;
let hosts: readonly [Host, Host];
let empty: Snapshot;
beforeAll(async () => {
  await buildCrashBundles();
  stage = await createStage(["bridge", "host-local", "loop-in-add"], LIMITS);
  hosts = [await stage.openHost(), await stage.openHost()];
  using container = createContainer();
  for (const host of hosts) {
    await host.add(requestOf(container, NETWORK));
    await host.del(requestOf(container, NETWORK));
  }
  empty = await snapshot();
});
afterAll(() => stage[Symbol.asyncDispose]());

const linksNamed = (name: string): number =>
  run("ip", "-o", "link")
    .split("\n")
    .filter((line) => line.includes(` ${name}:`)).length;

function addressOf(result: JsonObject): string {
  const [ip] = result["ips"] as readonly { readonly address: string }[];
  return ip?.address ?? "";
}

/** The hosts in turn. */
const hostOf = (index: number): Host => hosts[index % 2 === 0 ? 0 : 1];

function createContainers(count: number): { readonly all: readonly TestContainer[] } & Disposable {
  const all = Array.from({ length: count }, () => createContainer());
  return {
    all,
    [Symbol.dispose]: () => {
      for (const container of all) container[Symbol.dispose]();
    },
  };
}

describe("two hosts on one state directory", () => {
  test("give every container an address of its own, and keep the bridge until the last one is gone", async () => {
    using containers = createContainers(10);
    const { all } = containers;
    const results = await Promise.all(all.map((container, index) => hostOf(index).add(requestOf(container, NETWORK))));
    expect(new Set(results.map(addressOf)).size).toBe(all.length);

    // The other host removes what the one added.
    const [last, ...others] = all as [TestContainer, ...TestContainer[]];
    await Promise.all(others.map((container, index) => hostOf(index).del(requestOf(container, NETWORK))));
    expect(linksNamed("shared0")).toBe(1);
    last.run("ping", "-c", "1", "-W", "2", "10.80.0.1");
    await hostOf(1).del(requestOf(last, NETWORK));
    expect(await snapshot()).toEqual(empty);
    expect(rowsLeft(stage.stateDir)).toEqual([]);
  });

  test("make and delete the bridge in turn, whoever is first and last", async () => {
    using containers = createContainers(4);
    const cycle = async (container: TestContainer, index: number): Promise<void> => {
      for (let round = 0; round < 4; round += 1) {
        await hostOf(index + round).add(requestOf(container, NETWORK));
        container.run("ping", "-c", "1", "-W", "2", "10.80.0.1");
        await hostOf(index).del(requestOf(container, NETWORK));
      }
    };
    await Promise.all(containers.all.map(cycle));
    expect(await snapshot()).toEqual(empty);
    expect(rowsLeft(stage.stateDir)).toEqual([]);
    expect(locksLeft(stage.stateDir).filter((path) => !path.includes("/uid-"))).toEqual([]);
  });

  test("add the same container one after the other: the second finds it added, and leaves the first alone", async () => {
    using container = createContainer();
    const outcomes = await Promise.allSettled(hosts.map((host) => host.add(requestOf(container, NETWORK))));
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(failed).toHaveLength(1);
    expect(failed[0]?.reason).not.toMatchObject({ code: TRY_AGAIN_LATER });
    container.run("ping", "-c", "1", "-W", "2", "10.80.0.1");
    await hosts[0].del(requestOf(container, NETWORK));
    expect(rowsLeft(stage.stateDir)).toEqual([]);
  });
});

describe("a helper that is stopped in a call", () => {
  test("keeps its container: others neither work on it nor undo it, and go on with other containers", async () => {
    using container = createContainer();
    using other = createContainer();
    const stopped = spawnHost(stage.stateDir, "add", requestOf(container, LOOP));
    const helperOf = (): number | undefined =>
      everyProcessOf(stage.stateDir).find(({ command }) => command.includes("crash-test/helper.mjs"))?.pid;
    await until("its operation", () => rowsLeft(stage.stateDir).some((row) => row.startsWith("operations")));
    const helper = helperOf() ?? 0;
    process.kill(helper, "SIGSTOP");
    const before = rowsLeft(stage.stateDir);
    const settled: string[] = [];
    const waiting: Promise<void>[] = [];
    try {
      const fresh = await stage.openHost();
      for (const host of [fresh, hosts[0]]) {
        waiting.push(host.del(requestOf(container, LOOP)).finally(() => settled.push("DEL")));
        await host.add(requestOf(other, NETWORK));
        await host.del(requestOf(other, NETWORK));
      }
      expect(settled).toEqual([]);
      expect(rowsLeft(stage.stateDir)).toEqual(before);
      expect(
        locksLeft(stage.stateDir).filter((path) => path.includes("/calls/") || path.includes("/container-")),
      ).toHaveLength(2);
    } finally {
      process.kill(helper, "SIGKILL");
    }
    // Its host starts no other one for a call that was under way, and ends.
    expect(await endOf(stopped)).toBe(1);
    await Promise.all(waiting);
    expect(rowsLeft(stage.stateDir)).toEqual([]);
    expect(await snapshot()).toEqual(empty);
  });
});
