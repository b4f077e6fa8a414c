/**
 * @module kill -9 of helper, sandbox and host before and after each record that ADD and DEL write; a DEL then leaves nothing.
 */
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import type { AttachmentRequest } from "../../host/index.ts";
import { until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { containerSnapshot, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import { pointReached, pointsPassed, removePlan, writePlan } from "./plan.ts";
import type { Victim } from "./plan.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { buildCrashBundles, createStage, delAgain, endOf, networkOf, requestOf, spawnHost } from "./stage.ts";

type Verb = "add" | "del";

/** Who is killed in which verb, at which of its points. */
interface Scene {
  readonly verb: Verb;
  readonly victim: Victim;
  readonly at: number;
  readonly point: string;
}

const NETWORK = networkOf("crash", "10.77.0.0/24");

await buildCrashBundles();
const stage = await createStage(["bridge", "host-local"]);
const { stateDir } = stage;
// The points are those that an undisturbed verb passes: the tests below are one for each.
const points = { add: await record("add"), del: await record("del") };
const empty = await snapshot();
afterAll(() => stage[Symbol.asyncDispose]());

async function record(verb: Verb): Promise<readonly string[]> {
  using container = createContainer();
  const request = requestOf(container, NETWORK);
  const host = await stage.openHost("hooked");
  if (verb === "del") await host.add(request);
  writePlan(stateDir, { id: randomUUID(), record: true });
  await host[verb](request);
  const passed = pointsPassed(stateDir);
  removePlan(stateDir);
  if (verb === "add") await host.del(request);
  await host.close();
  return passed;
}

function scenesOf(verb: Verb, victim: Victim): readonly Scene[] {
  return points[verb].map((point, at) => ({ verb, victim, at, point }));
}

/** Makes the verb, in which somebody is killed. Tells whether a host that lived saw it succeed. */
async function perform({ verb, victim, at }: Scene, request: AttachmentRequest): Promise<"ok" | "error" | "killed"> {
  writePlan(stateDir, { id: randomUUID(), record: false, at, victim });
  if (victim === "host") {
    expect(await endOf(spawnHost(stateDir, verb, request))).toBe("SIGKILL");
    return "killed";
  }
  const host = await stage.openHost("hooked");
  const outcome = await host[verb](request).then(
    () => "ok" as const,
    () => "error" as const,
  );
  if (victim === "sandbox" && outcome === "error" && verb === "add") expect(rowsLeft(stateDir)).toEqual([]);
  await host.close();
  return outcome;
}

async function expectNothing(container: TestContainer, inside: Snapshot): Promise<void> {
  expect(rowsLeft(stateDir)).toEqual([]);
  expect(await snapshot()).toEqual(empty);
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
  expect(pointReached(stateDir)).toBe(scene.point);
  if (outcome === "ok" && scene.verb === "del") expect(rowsLeft(stateDir)).toEqual([]);
  await delAgain(fresh, request);
  await fresh.close();
  await expectNothing(container, inside);
}

test("the points are before and after each record", () => {
  const records = (verb: Verb): ReadonlySet<string> => new Set(points[verb].map((point) => point.replace(/:(before|after)$/u, "")));
  const written = ["operation", "intent", "done", "share", "ready", "lease", "attachment", "close", "flush"];
  expect(records("add")).toEqual(new Set(written));
  const removed = ["operation", "forget", "release", "unshare", "removed", "attachment-delete", "close", "flush"];
  expect(records("del")).toEqual(new Set(removed));
  for (const verb of ["add", "del"] as const) {
    const before = points[verb].filter((point) => point.endsWith(":before"));
    expect(before.length * 2).toBe(points[verb].length);
  }
});

describe("ADD, then DEL by a host that is fresh, leaves nothing when", () => {
  test.for(scenesOf("add", "helper"))("the helper is killed at $at, $point", (scene) => play(scene));
  test.for(scenesOf("add", "sandbox"))("its sandboxes are killed at $at, $point", (scene) => play(scene));
  test.for(scenesOf("add", "host"))("the host is killed at $at, $point", (scene) => play(scene));
});

describe("DEL, then DEL again by another host, leaves nothing when", () => {
  test.for(scenesOf("del", "helper"))("the helper is killed at $at, $point", (scene) => play(scene));
  test.for(scenesOf("del", "sandbox"))("its sandboxes are killed at $at, $point", (scene) => play(scene));
  test.for(scenesOf("del", "host"))("the host is killed at $at, $point", (scene) => play(scene));
});
