/**
 * @module kill -9 of the helper around what it writes of an address: host-local's store and the ledger say the same afterwards.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import { createContainer } from "../support/container.ts";
import { buildCrashBundles } from "./bundles.ts";
import { pointReached, writePlan } from "./plan.ts";
import { createStage, delAgain, networkOf, requestOf } from "./stage.ts";
import type { Stage } from "./stage.ts";

const NETWORK = networkOf("kept", "10.74.0.0/24");
let stage: Stage;
let store: string;
beforeAll(async () => {
  await buildCrashBundles();
  stage = await createStage(["bridge", "host-local"]);
  store = join(stage.stateDir, "..", "networks");
  // The state directory remembers it.
  const host = await createHost({ stateDir: stage.stateDir, hostLocalStoreDir: store });
  await host.leases();
  await host.close();
});
afterAll(() => stage[Symbol.asyncDispose]());

/** Addresses that the store has. */
function files(): string[] {
  const folder = join(store, "kept");
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9.]+$/u.test(name)) : [];
}

async function leased(host: Host): Promise<readonly string[]> {
  return (await host.leases()).map(({ address }) => address);
}

const SCENES = (["add", "del"] as const).flatMap((verb) =>
  [verb === "add" ? "lease" : "release", "close"].flatMap((record) =>
    ["before", "after"].map((when) => ({ verb, point: `ledger.${record}:${when}` })),
  ),
);

describe("a helper that is killed", () => {
  test.for(SCENES)("in $verb at $point leaves what the next one brings into agreement", async ({ verb, point }) => {
    using container = createContainer();
    const request = requestOf(container, NETWORK);
    const host = await stage.openHost("hooked");
    if (verb === "del") {
      await host.add(request);
      expect(files()).toEqual(await leased(host));
      expect(files()).toHaveLength(1);
    }
    writePlan(stage.stateDir, {
      id: randomUUID(),
      gate: "verb",
      record: false,
      point,
      occurrence: 0,
      act: { kill: "helper" },
    });
    await host[verb](request).catch(() => undefined);
    expect(pointReached(stage.stateDir)).toBe(point);
    await host.close();
    // A helper that starts recovers what the dead one began.
    const next = await stage.openHost();
    const known = await leased(next);
    expect(files()).toEqual(known);
    await delAgain(next, request);
    expect([files(), await leased(next)]).toEqual([[], []]);
    await next.close();
  });
});
