import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { AnswerIpam } from "../../host/sandbox/pool.ts";
import { createFakes, DONE, OBEDIENT, SILENT, type Act } from "./fake-sandboxes.ts";
import { callOn, frameOf, NO_IPAM, pluginOf, poolOf } from "./pool-scene.ts";

describe("sandboxes", () => {
  test("are kept warm between calls", async () => {
    const { client, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client });
    const cold: boolean[] = [];
    for (let count = 0; count < 3; count += 1)
      await pool.run(pluginOf("a"), async (sandbox) => cold.push(sandbox.cold));
    expect(cold).toEqual([true, true, true].map((_, index) => index === 0));
    expect(started).toHaveLength(1);
    expect(pool.counts()).toEqual({ [pluginOf("a").digest]: { live: 1, idle: 1 } });
  });

  test("that were just used do not make room for a plugin that has one: its calls wait for each other", async () => {
    const { client, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client, maxTotal: 2 });
    await callOn(pool, pluginOf("b"));
    await Promise.all([callOn(pool, pluginOf("a")), callOn(pool, pluginOf("a"))]);
    expect(started).toHaveLength(2);
    expect(pool.counts()[pluginOf("b").digest]).toEqual({ live: 1, idle: 1 });
    // One that has none does not wait: nothing of its own would come back.
    await callOn(pool, pluginOf("c"));
    expect(started).toHaveLength(3);
  });

  test("are never more than the limit of a plugin: calls wait for each other", async () => {
    const { client, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client, maxPerPlugin: 2 });
    const reports = await Promise.all(Array.from({ length: 6 }, () => callOn(pool, pluginOf("a"))));
    expect(reports.map(({ result }) => result.outcome)).toEqual(Array.from({ length: 6 }, () => ({ ok: "add" })));
    expect(started).toHaveLength(2);
  });

  test("are replaced after so many calls", async () => {
    const { client, started, alive } = createFakes(OBEDIENT);
    const pool = poolOf({ client, callsPerSandbox: 2 });
    for (let count = 0; count < 5; count += 1) await callOn(pool, pluginOf("a"));
    expect(started).toHaveLength(3);
    await sleep(0);
    expect(alive.size).toBe(1);
  });

  test("that are idle make room for another plugin", async () => {
    const { client, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client, maxTotal: 1 });
    await callOn(pool, pluginOf("a"));
    await callOn(pool, pluginOf("b"));
    await callOn(pool, pluginOf("a"));
    expect(started.map(({ digest }) => digest.at(-1))).toEqual(["a", "b", "a"]);
  });

  test("end when they are idle for long", async () => {
    const { client, alive } = createFakes(OBEDIENT);
    const pool = poolOf({ client, idleMs: 1 });
    await callOn(pool, pluginOf("a"));
    await expect.poll(() => alive.size).toBe(0);
    expect(pool.counts()).toEqual({ [pluginOf("a").digest]: { live: 0, idle: 0 } });
  });

  test("end with the pool, and those who wait are told", async () => {
    let asked = 0;
    const { client, alive } = createFakes(() => (asked += 1));
    const pool = poolOf({ client, maxPerPlugin: 1 });
    const busy = callOn(pool, pluginOf("a"));
    const waiting = expect(callOn(pool, pluginOf("a"))).rejects.toMatchObject({ kind: "tryAgainLater" });
    await expect.poll(() => asked).toBe(1);
    pool[Symbol.dispose]();
    await waiting;
    expect((await busy).ending).toBe("killed");
    await expect.poll(() => alive.size).toBe(0);
    await expect(callOn(pool, pluginOf("a"))).rejects.toMatchObject({ kind: "tryAgainLater" });
  });

  test("of a component that was replaced end: idle ones at once, busy ones after their call", async () => {
    const { client, alive } = createFakes(OBEDIENT);
    const pool = poolOf({ client });
    await callOn(pool, pluginOf("a"));
    await pool.run(pluginOf("a"), async (sandbox) => {
      pool.retire(pluginOf("a").digest);
      expect((await sandbox.call(frameOf(), NO_IPAM)).result.outcome).toEqual({ ok: "add" });
    });
    await expect.poll(() => alive.size).toBe(0);
  });

  test("that are started in advance are there for the call", async () => {
    const { client, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client });
    await Promise.all([pool.warm(pluginOf("a")), callOn(pool, pluginOf("a"))]);
    expect(started).toHaveLength(1);
  });
});

describe("a call", () => {
  test("may run the IPAM plugin, which may go over the limit of all plugins: neither waits for the other for ever", async () => {
    const { client } = createFakes((frame, sandbox) => {
      if (frame.type === "ipam-answer")
        sandbox.send({
          type: "result",
          callId: "c",
          outcome: "ok" in frame ? { ok: frame.ok } : { err: frame.err },
          ...DONE,
        });
      else if (sandbox.digest.endsWith("a")) sandbox.send({ type: "ipam", verb: "add" });
      else OBEDIENT(frame, sandbox);
    });
    const pool = poolOf({ client, maxTotal: 2 });
    const answerIpam: AnswerIpam = async () => {
      const { result } = await pool.run(pluginOf("b"), (sandbox) => sandbox.call(frameOf(), NO_IPAM), { nested: true });
      return { ok: result.outcome };
    };
    const reports = await Promise.all(Array.from({ length: 4 }, () => callOn(pool, pluginOf("a"), answerIpam)));
    expect(reports.map(({ result }) => result.outcome)).toEqual(
      Array.from({ length: 4 }, () => ({ ok: { ok: "add" } })),
    );
  });

  test("that is late has its sandbox killed, and the next one gets another", async () => {
    let isSilent = true;
    const { client, kills, started } = createFakes((frame, sandbox) =>
      isSilent ? undefined : OBEDIENT(frame, sandbox),
    );
    const pool = poolOf({ client });
    const late = await callOn(pool, pluginOf("a", 20));
    expect(late).toMatchObject({ ending: "killed", result: { outcome: { limit: "20 ms" } } });
    expect(kills).toEqual(["no result after 20 ms"]);
    isSilent = false;
    expect(await callOn(pool, pluginOf("a", 20))).toMatchObject({
      ending: "result",
      result: { outcome: { ok: "add" } },
    });
    expect(started).toHaveLength(2);
  });

  test("whose sandbox dies is a trap", async () => {
    const { client } = createFakes((_frame, sandbox) => sandbox.end());
    expect(await callOn(poolOf({ client }), pluginOf("a"))).toMatchObject({
      ending: "lost",
      result: { outcome: { trap: expect.any(String) } },
    });
  });

  test("keeps the lines of the log, in order", async () => {
    const { client } = createFakes((frame, sandbox) => {
      sandbox.send({ type: "log", level: "info", message: "one" });
      sandbox.send({ type: "log", level: "error", message: "two" });
      OBEDIENT(frame, sandbox);
    });
    expect((await callOn(poolOf({ client }), pluginOf("a"))).log).toEqual([
      { level: "info", message: "one" },
      { level: "error", message: "two" },
    ]);
  });

  test("is refused when no sandbox is free in time", async () => {
    const { client } = createFakes(SILENT);
    const pool = poolOf({ client, maxPerPlugin: 1, waitMs: 20 });
    void callOn(pool, pluginOf("a"));
    await expect(callOn(pool, pluginOf("a"))).rejects.toMatchObject({ kind: "tryAgainLater" });
  });
});

describe("a sandbox is killed", () => {
  const breaches: readonly { readonly title: string; readonly act: Act }[] = [
    {
      title: "that answers another call",
      act: (_frame, sandbox) => sandbox.send({ type: "result", callId: "other", outcome: { ok: 1 }, ...DONE }),
    },
    { title: "that is ready twice", act: (_frame, sandbox) => sandbox.send({ type: "ready", loadMicroseconds: 1 }) },
    { title: "that sends what is no frame", act: (_frame, sandbox) => sandbox.send({ type: "operation" } as never) },
    {
      title: "that asks twice at a time",
      act: (_frame, sandbox) => {
        sandbox.send({ type: "ipam", verb: "add" });
        sandbox.send({ type: "ipam", verb: "add" });
      },
    },
    {
      title: "that sends more log than it may",
      act: (_frame, sandbox) =>
        Array.from({ length: 500 }, () => sandbox.send({ type: "log", level: "info", message: "x".repeat(100) })),
    },
  ];
  test.for(breaches)("$title", async ({ act }) => {
    const { client, kills } = createFakes(act);
    const answerIpam: AnswerIpam = () => new Promise(() => undefined);
    const report = await callOn(poolOf({ client }), pluginOf("a"), answerIpam);
    expect(report).toMatchObject({ ending: "killed", result: { outcome: { trap: expect.any(String) } } });
    expect(kills).toHaveLength(1);
  });

  test("that speaks while no call is open", async () => {
    const { client, kills, started } = createFakes(OBEDIENT);
    const pool = poolOf({ client });
    await callOn(pool, pluginOf("a"));
    started[0]?.send({ type: "log", level: "info", message: "hello" });
    await expect.poll(() => kills).toEqual(["it broke the protocol"]);
    expect((await callOn(pool, pluginOf("a"))).result.outcome).toEqual({ ok: "add" });
  });

  test("whose guest trapped", async () => {
    const { client, kills, started } = createFakes((_frame, sandbox) =>
      sandbox.send({ type: "result", callId: "c", outcome: { trap: "unreachable" }, ...DONE }),
    );
    const pool = poolOf({ client });
    expect(await callOn(pool, pluginOf("a"))).toMatchObject({
      ending: "result",
      result: { outcome: { trap: "unreachable" } },
    });
    await callOn(pool, pluginOf("a"));
    expect(kills).toHaveLength(2);
    expect(started).toHaveLength(2);
  });
});

describe("a sandbox that does not start", () => {
  test("is told to the call that wanted it, and not kept", async () => {
    const { client } = createFakes(SILENT, false);
    const pool = poolOf({ client, startMs: 20 });
    await expect(callOn(pool, pluginOf("a"))).rejects.toMatchObject({ kind: "guestFailed" });
    expect(pool.counts()).toEqual({ [pluginOf("a").digest]: { live: 0, idle: 0 } });
  });

  test("says what the helper refused it with", async () => {
    const { client, fakes } = createFakes(OBEDIENT);
    fakes.refuse = new Error("no");
    const pool = poolOf({ client });
    await expect(callOn(pool, pluginOf("a"))).rejects.toThrow("no");
    fakes.refuse = undefined;
    expect((await callOn(pool, pluginOf("a"))).result.outcome).toEqual({ ok: "add" });
  });
});
