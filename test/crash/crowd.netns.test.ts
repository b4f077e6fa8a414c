/**
 * @module Many at once: calls wait for sandboxes instead of taking memory, no address is given twice, and a ledger that is locked or full
 * keeps nobody's remains.
 */
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run, until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { componentOf, createStateFolder } from "../support/host.ts";
import { openLedger } from "../support/ledger.ts";
import { nodeSnapshot } from "../support/node-snapshot.ts";
import { everyProcessOf, rowsLeft } from "./remains.ts";
import { createStage, networkOf, requestOf } from "./stage.ts";
import type { Stage } from "./stage.ts";

const NETWORK = networkOf("crowd", "10.83.0.0/22");
const OTHER = networkOf("other", "10.84.0.0/24");
const COUNT = 200;
/** Default of the pool, for all plugins, and what calls of IPAM that others wait for may take besides. */
const SANDBOXES_MAX = 24 + 8;
const STATE_UNUSABLE = 106;

let stage: Stage;
let host: Host;
beforeAll(async () => {
  stage = await createStage(["bridge", "host-local"]);
  host = await stage.openHost();
});
afterAll(() => stage[Symbol.asyncDispose]());

function nodeLines(): readonly string[] {
  return nodeSnapshot().filter((line) => !/fe80::|ff00::/u.test(line));
}

function createContainers(count: number): readonly TestContainer[] {
  return Array.from({ length: count }, () => createContainer());
}

function addressOf(result: JsonObject): string {
  const [ip] = result["ips"] as readonly { readonly address: string }[];
  return ip?.address ?? "";
}

const sandboxes = (): number =>
  everyProcessOf(stage.stateDir).filter(({ command }) => command.startsWith("/node ")).length;

test(`${COUNT} ADDs at once succeed with ${COUNT} addresses and no more sandboxes than the pool has`, async () => {
  const before = nodeLines();
  const containers = createContainers(COUNT);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, sandboxes())), 100);
  const results = await Promise.all(containers.map((container) => host.add(requestOf(container, NETWORK))));
  clearInterval(watch);
  expect(new Set(results.map(addressOf)).size).toBe(COUNT);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(SANDBOXES_MAX);
  await Promise.all(containers.map((container) => host.del(requestOf(container, NETWORK))));
  for (const container of containers) container[Symbol.dispose]();
  expect(rowsLeft(stage.stateDir)).toEqual([]);
  expect(nodeLines()).toEqual(before);
});

test("two networks of one container at once are both attached: one after the other", async () => {
  using container = createContainer();
  const requests = [requestOf(container, NETWORK), { ...requestOf(container, OTHER), ifname: "eth1" }];
  await Promise.all(requests.map((request) => host.add(request)));
  for (const request of requests) await host.check(request);
  await Promise.all(requests.map((request) => host.del(request)));
  expect(rowsLeft(stage.stateDir)).toEqual([]);
});

test("the same attachment twice at once is made once, and the other is refused", async () => {
  using container = createContainer();
  const request = requestOf(container, NETWORK);
  const outcomes = await Promise.allSettled([host.add(request), host.add(request)]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  await host.check(request);
  await host.del(request);
  expect(rowsLeft(stage.stateDir)).toEqual([]);
});

test("while another program has the ledger locked, calls wait for it", async () => {
  using container = createContainer();
  using database = openLedger(stage.stateDir);
  database.exec("BEGIN IMMEDIATE");
  let isAdded = false;
  const added = host.add(requestOf(container, NETWORK)).then(() => (isAdded = true));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(isAdded).toBe(false);
  database.exec("ROLLBACK");
  await added;
  await host.del(requestOf(container, NETWORK));
  expect(rowsLeft(stage.stateDir)).toEqual([]);
});

test("a disk that is full fails calls with code 106 and leaves nothing; with room again all goes on", async () => {
  const folder = createStateFolder();
  mkdirSync(folder, { recursive: true });
  run("mount", "-t", "tmpfs", "-o", "size=600m,mode=0755", "none", folder);
  const stateDir = join(folder, "state");
  const filler = join(folder, "filler");
  const before = nodeLines();
  {
    await using full = await createHost({ stateDir, origin: "test" });
    for (const name of ["bridge", "host-local"]) await full.install({ component: await componentOf(name) });
    const containers = createContainers(20);
    const [first, ...others] = containers as [TestContainer, ...TestContainer[]];
    await full.add(requestOf(first, NETWORK));
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    const outcomes = await Promise.allSettled(others.map((container) => full.add(requestOf(container, NETWORK))));
    const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as object] : []));
    expect(failed.length).toBeGreaterThan(0);
    for (const error of failed) expect(error).toMatchObject({ code: STATE_UNUSABLE });
    rmSync(filler);
    await full.check(requestOf(first, NETWORK));
    for (const container of containers) {
      await full.del(requestOf(container, NETWORK));
      container[Symbol.dispose]();
    }
    expect(rowsLeft(stateDir)).toEqual([]);
  }
  await until("the end of every process", () => everyProcessOf(stateDir).length === 0);
  expect(nodeLines()).toEqual(before);
  run("umount", "-l", folder);
  rmSync(folder, { recursive: true, force: true });
});
