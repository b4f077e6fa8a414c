import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPool } from "../../host/sandbox/pool.ts";
import { bundleEntry, type Bundle } from "./bundles.ts";
import { createFakeHelper } from "./fake-helper.ts";
import { playOneCall, playScene, type Scene } from "./scene.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleEntry("host/sandbox/main.ts");
});
afterAll(() => bundle[Symbol.dispose]());

const play = (scene: Omit<Scene, "bundlePath">) => playScene({ ...scene, bundlePath: bundle.path });
const playOne = (scene: Omit<Scene, "bundlePath">) => playOneCall({ ...scene, bundlePath: bundle.path });

describe("a hostile guest", () => {
  const sins: readonly (Omit<Scene, "bundlePath"> & { readonly title: string; readonly outcome: object })[] = [
    {
      title: "that never returns is killed at the deadline",
      fixture: "loop-in-add",
      limits: { deadlineMs: 300 },
      outcome: { limit: "300 ms" },
    },
    {
      title: "that fills its memory traps at the cap",
      fixture: "memory-bomb",
      outcome: { trap: expect.stringMatching(/bytes of memory in use/u) },
    },
    { title: "that calls itself without end traps", fixture: "deep-recursion", outcome: { trap: expect.any(String) } },
    {
      title: "that answers with too much reaches the limit",
      fixture: "huge-result",
      limits: { memoryBytes: 128 * 1024 * 1024 },
      outcome: { limit: expect.stringMatching(/65536 permitted/u) },
    },
    {
      title: "that answers with wrong types traps",
      fixture: "wrong-type-result",
      outcome: { trap: expect.any(String) },
    },
    { title: "that throws a number traps", fixture: "throws-non-error", outcome: { trap: expect.any(String) } },
    {
      title: "that asks without end reaches the limit",
      fixture: "host-call-flood",
      capabilities: ["container-links"],
      outcome: { limit: "100 host calls" },
    },
    {
      title: "that uses a dropped handle traps",
      fixture: "use-after-drop",
      capabilities: ["container-links"],
      outcome: { trap: expect.any(String) },
    },
    {
      title: "that makes up a handle traps",
      fixture: "forged-handle",
      capabilities: ["container-links"],
      outcome: { trap: expect.any(String) },
    },
  ];
  test.for(sins)("$title", async ({ outcome, ...scene }) => {
    expect((await playOne(scene)).outcome).toEqual(outcome);
  });

  test.for(["use-after-drop", "forged-handle"])("is not heard by the helper: %s", async (fixture) => {
    expect((await playOne({ fixture, capabilities: ["container-links"] })).helper.heard).toEqual([]);
  });

  test("is heard as often as its limit says, and no more", async () => {
    const { helper } = await playOne({ fixture: "host-call-flood", capabilities: ["container-links"] });
    expect(helper.heard).toHaveLength(100);
  });

  test("that floods the log has it cut, and told so", async () => {
    const { report } = await playOne({ fixture: "log-flood", capabilities: ["log"], limits: { logBytes: 4096 } });
    const bytes = report.log.reduce((sum, { message }) => sum + message.length, 0);
    expect(bytes).toBeLessThan(4096 + 200);
    expect(report.log.at(-1)).toEqual({
      level: "warn",
      message: expect.stringMatching(/^\d+ more lines were dropped/u),
    });
  });

  test("that hangs while it starts never becomes ready", async () => {
    await using helper = await createFakeHelper({ bundlePath: bundle.path, component: "loop-at-start" });
    using pool = createPool({ client: helper, startMs: 500 });
    await expect(pool.warm(helper.plugin)).rejects.toMatchObject({ kind: "guestFailed" });
    expect(helper.kills).toEqual(["not ready after 500 ms"]);
  });

  test("does not spoil the next call: it gets a process of its own", async () => {
    const { reports, helper } = await play({
      fixture: "sdk",
      capabilities: ["container-links", "ipam", "clock", "random"],
      calls: ["attempt", "fail"],
      answer: () => ({ err: "nonsense" }),
    });
    expect(reports[0]?.result.outcome).toHaveProperty("trap");
    expect(reports[1]?.result.outcome).toEqual({
      err: { code: 7, message: "wrong configuration", details: "want less" },
    });
    expect(helper.children).toHaveLength(2);
  });
});
