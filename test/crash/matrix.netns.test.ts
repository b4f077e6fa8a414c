/**
 * @module kill -9 of helper, sandbox and host before and after each record that ADD and DEL write; a DEL then leaves nothing.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AttachmentRequest } from "../../host/index.ts";
import { until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { containerSnapshot, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import { buildCrashBundles } from "./bundles.ts";
import { pointReached, pointsPassed, removePlan, writePlan } from "./plan.ts";
import type { Victim as AnyVictim } from "./plan.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { createStage, delAgain, endOf, networkOf, requestOf, spawnHost } from "./stage.ts";

type Verb = "add" | "del";
type Victim = Exclude<AnyVictim, "shim">;

/** Who is killed in which verb, at which of its points. */
interface Scene {
  readonly verb: Verb;
  readonly victim: Victim;
  readonly point: string;
  /** Which of the points of that name, from 0. */
  readonly occurrence: number;
}

interface Base {
  readonly node: Snapshot;
  readonly rows: readonly string[];
}

const LEDGER = "ledger.";
const NETWORK = networkOf("crash", "10.77.0.0/24");

await buildCrashBundles();
const stage = await createStage(["bridge", "host-local"]);
const { stateDir } = stage;
// The points are those that an undisturbed verb passes: the tests below are one for each.
const points = { add: await record("add"), del: await record("del") };
/** What is there before and after: nothing, or what another container on the bridge has. */
let base: Base = { node: await nodeLines(), rows: [] };
afterAll(() => stage[Symbol.asyncDispose]());

/** What is on the node, without IPv6's own addresses: those of a link appear some time after it. */
async function nodeLines(): Promise<Snapshot> {
  return (await snapshot()).filter((line) => !/fe80::|ff00::/u.test(line));
}

async function record(verb: Verb): Promise<readonly string[]> {
  using container = createContainer();
  const request = requestOf(container, NETWORK);
  const host = await stage.openHost("hooked");
  if (verb === "del") await host.add(request);
  writePlan(stateDir, { id: randomUUID(), gate: "verb", record: true });
  await host[verb](request);
  const passed = pointsPassed(stateDir).flatMap((point) =>
    point.startsWith(LEDGER) ? [point.slice(LEDGER.length)] : [],
  );
  removePlan(stateDir);
  if (verb === "add") await host.del(request);
  await host.close();
  return passed;
}

function scenesOf(verb: Verb, victim: Victim): readonly Scene[] {
  return pointsOf(points[verb]).map((each) => ({ ...each, verb, victim }));
}

/** Numbers the points of each name. */
function pointsOf(passed: readonly string[]): readonly Pick<Scene, "point" | "occurrence">[] {
  return passed.map((point, at) => ({
    point,
    occurrence: passed.slice(0, at).filter((each) => each === point).length,
  }));
}

/** Makes the verb, in which somebody is killed. Tells whether a host that lived saw it succeed. */
async function perform(
  { verb, victim, point, occurrence }: Scene,
  request: AttachmentRequest,
): Promise<"ok" | "error" | "killed"> {
  writePlan(stateDir, {
    id: randomUUID(),
    gate: "verb",
    record: false,
    point: `${LEDGER}${point}`,
    occurrence,
    act: { kill: victim },
  });
  if (victim === "host") {
    expect(await endOf(spawnHost(stateDir, verb, request))).toBe("SIGKILL");
    return "killed";
  }
  const host = await stage.openHost("hooked");
  const outcome = await host[verb](request).then(
    () => "ok" as const,
    () => "error" as const,
  );
  if (victim === "sandbox" && outcome === "error" && verb === "add") expect(rowsLeft(stateDir)).toEqual(base.rows);
  await host.close();
  return outcome;
}

async function expectNothing(container: TestContainer, inside: Snapshot): Promise<void> {
  expect(rowsLeft(stateDir)).toEqual(base.rows);
  expect(await nodeLines()).toEqual(base.node);
  expect(containerSnapshot(container.id)).toEqual(inside);
  await until("the end of every process", () => everyProcessOf(stateDir).length === 0);
  expect(locksLeft(stateDir)).toEqual([]);
}

/** Plays one scene: the verb, the kill, DEL by another host, and looks at what is left. */
async function play(scene: Scene): Promise<void> {
  using container = createContainer();
  const inside = containerSnapshot(container.id);
  const request = requestOf(container, NETWORK);
  const fresh = await stage.openHost();
  if (scene.verb === "del") await fresh.add(request);
  const outcome = await perform(scene, request);
  expect(pointReached(stateDir)).toBe(`${LEDGER}${scene.point}`);
  if (outcome === "ok" && scene.verb === "del") expect(rowsLeft(stateDir)).toEqual(base.rows);
  await delAgain(fresh, request);
  await fresh.close();
  await expectNothing(container, inside);
}

test("the points are before and after each record", () => {
  const records = (verb: Verb): ReadonlySet<string> =>
    new Set(points[verb].map((point) => point.replace(/:(before|after)$/u, "")));
  const written = ["operation", "intent", "done", "share", "ready", "lease", "attachment", "close", "flush"];
  expect(records("add")).toEqual(new Set(written));
  const removed = ["operation", "forget", "release", "unshare", "removed", "attachment-delete", "close", "flush"];
  expect(records("del")).toEqual(new Set(removed));
  for (const verb of ["add", "del"] as const) {
    const before = points[verb].filter((point) => point.endsWith(":before"));
    expect(before.length * 2).toBe(points[verb].length);
  }
});

const WHO: Readonly<Record<Victim, string>> = {
  helper: "the helper is",
  sandbox: "its sandboxes are",
  host: "the host is",
};

describe("ADD, then DEL by a fresh host, leaves nothing when", () => {
  for (const victim of ["helper", "sandbox", "host"] as const) {
    test.for(scenesOf("add", victim))(`${WHO[victim]} killed at $point, $occurrence`, (scene) => play(scene));
  }
});

describe("DEL, then DEL again by another host, leaves nothing when", () => {
  for (const victim of ["helper", "host"] as const) {
    test.for(scenesOf("del", victim))(`${WHO[victim]} killed at $point, $occurrence`, (scene) => play(scene));
  }
});

describe("with another container on the bridge, which keeps what it has,", () => {
  const other = createContainer();
  const nothing = base;
  let shared = { add: [] as readonly string[], del: [] as readonly string[] };
  beforeAll(async () => {
    const host = await stage.openHost();
    await host.add(requestOf(other, NETWORK));
    await host.close();
    shared = { add: await record("add"), del: await record("del") };
    base = { node: await nodeLines(), rows: rowsLeft(stateDir) };
  });
  afterAll(async () => {
    base = nothing;
    const host = await stage.openHost();
    await host.del(requestOf(other, NETWORK));
    await host.close();
    other[Symbol.dispose]();
    expect(rowsLeft(stateDir)).toEqual([]);
    expect(await nodeLines()).toEqual(nothing.node);
  });

  for (const verb of ["add", "del"] as const) {
    test(`${verb.toUpperCase()} and DEL leave nothing of this one wherever the helper is killed`, async () => {
      expect(shared[verb].length).toBeGreaterThan(0);
      for (const each of pointsOf(shared[verb])) {
        await play({ ...each, verb, victim: "helper" });
        other.run("ping", "-c", "1", "-W", "2", "10.77.0.1");
      }
    });
  }
});
