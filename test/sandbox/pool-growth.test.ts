import { describe, expect, test } from "vitest";
import { createFakes, OBEDIENT, SILENT } from "./fake-sandboxes.ts";
import { callOn, pluginOf, poolOf } from "./pool-scene.ts";

describe("sandboxes", () => {
  test("that are few are started as calls come; further ones when a call has waited for long", async () => {
    const { client, started } = createFakes(SILENT);
    const pool = poolOf({ client, eagerPerPlugin: 1, patienceMs: 100, maxPerPlugin: 3 });
    for (let count = 0; count < 4; count += 1) callOn(pool, pluginOf("a")).catch(() => undefined);
    expect(pool.counts()[pluginOf("a").digest]).toEqual({ live: 1, idle: 0 });
    // Nothing else happens: those who wait are not forgotten.
    await expect.poll(() => started.length).toBe(3);
    expect(pool.counts()[pluginOf("a").digest]).toEqual({ live: 3, idle: 0 });
  });

  test("that would come back soon are waited for: no further one is started", async () => {
    const { client, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client, eagerPerPlugin: 2, patienceMs: 10_000 });
    await Promise.all(Array.from({ length: 12 }, () => callOn(pool, pluginOf("a"))));
    expect(started).toHaveLength(2);
  });

  test("that died while they were idle are not called, even if nobody has said so yet", async () => {
    const { client, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client });
    await callOn(pool, pluginOf("a"));
    started[0]?.die();
    const { result } = await callOn(pool, pluginOf("a"));
    expect(result.outcome).toEqual({ ok: "add" });
    expect(started).toHaveLength(2);
  });

  test("that speak while they are idle are not called", async () => {
    const { client, started, kills } = createFakes(OBEDIENT);
    const pool = poolOf({ client });
    await callOn(pool, pluginOf("a"));
    started[0]?.send({ type: "ipam", verb: "add" });
    const { result } = await callOn(pool, pluginOf("a"));
    expect(result.outcome).toEqual({ ok: "add" });
    expect(kills).toHaveLength(1);
  });
});
