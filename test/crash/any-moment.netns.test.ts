/**
 * @module kill -9 of the helper between the records of a verb: in the middle of what it does to the kernel.
 *
 * Where that is cannot be named; so at many moments, spread over the verb and somewhat past it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AttachmentRequest, Host } from "../../host/index.ts";
import { createContainer } from "../support/container.ts";
import { containerSnapshot, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { createStage, delAgain, networkOf, requestOf } from "./stage.ts";
import type { Stage } from "./stage.ts";

const NETWORK = networkOf("moments", "10.82.0.0/24");
const ROUNDS = 10;

let stage: Stage;
let empty: Snapshot;
/** Lives through it all, and cleans up. */
let other: Host;
beforeAll(async () => {
  stage = await createStage(["bridge", "host-local"]);
  other = await stage.openHost();
  using container = createContainer();
  await durationOf(other, requestOf(container, NETWORK));
  empty = await snapshot();
});
afterAll(() => stage[Symbol.asyncDispose]());

function helpers(): readonly number[] {
  return everyProcessOf(stage.stateDir).flatMap(({ pid, command }) => (command.includes("--state-dir") ? [pid] : []));
}

/** Milliseconds that an ADD and a DEL take when nobody is killed. */
async function durationOf(
  host: Host,
  request: AttachmentRequest,
): Promise<{ readonly add: number; readonly del: number }> {
  const begunAt = performance.now();
  await host.add(request);
  const addedAt = performance.now();
  await host.del(request);
  return { add: addedAt - begunAt, del: performance.now() - addedAt };
}

/** A host that is warm, so that what is interrupted is the verb. */
async function openWarmHost(): Promise<{
  readonly host: Host;
  readonly helper: number;
  readonly ms: { readonly add: number; readonly del: number };
}> {
  const others = helpers();
  using container = createContainer();
  const host = await stage.openHost();
  await durationOf(host, requestOf(container, NETWORK));
  const ms = await durationOf(host, requestOf(container, NETWORK));
  const [helper = 0] = helpers().filter((pid) => !others.includes(pid));
  return { host, helper, ms };
}

async function play(verb: "add" | "del", round: number): Promise<void> {
  const { host, helper, ms } = await openWarmHost();
  using container = createContainer();
  const inside = containerSnapshot(container.id);
  const request = requestOf(container, NETWORK);
  if (verb === "del") await host.add(request);
  const done = host[verb](request).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, (ms[verb] * 1.2 * round) / ROUNDS));
  process.kill(helper, "SIGKILL");
  await done;
  await Promise.all([delAgain(other, request), delAgain(host, request)]);
  await host.close();
  expect(rowsLeft(stage.stateDir)).toEqual([]);
  expect(await snapshot()).toEqual(empty);
  expect(containerSnapshot(container.id)).toEqual(inside);
  expect(locksLeft(stage.stateDir).filter((path) => !path.includes("/uid-"))).toEqual([]);
}

test.for(["add", "del"] as const)(
  "a helper that is killed in the middle of %s leaves nothing after a DEL",
  async (verb) => {
    for (let round = 0; round < ROUNDS; round += 1) await play(verb, round);
  },
);
