import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPool, type CallReport } from "../../host/sandbox/pool.ts";
import { bundleEntry, type Bundle } from "./bundles.ts";
import { createFakeHelper, exitOf } from "./fake-helper.ts";
import { callOf, HANDLE, NO_IPAM, playOneCall, playScene, type Scene } from "./scene.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleEntry("host/sandbox/main.ts");
});
afterAll(() => bundle[Symbol.dispose]());

const play = (scene: Omit<Scene, "bundlePath">) => playScene({ ...scene, bundlePath: bundle.path });
const playOne = (scene: Omit<Scene, "bundlePath">) => playOneCall({ ...scene, bundlePath: bundle.path });

describe("a guest that does nothing", () => {
  test("answers with an empty result, call after call in one process", async () => {
    const { reports, helper } = await play({ fixture: "no-op", calls: ["{}", "{}", "{}"] });
    expect(reports.map(({ result }) => result.outcome)).toEqual(
      Array.from({ length: 3 }, () => ({ ok: { interfaces: [], ips: [], routes: [] } })),
    );
    expect(reports.map(({ result }) => result.callId)).toEqual(["call-0", "call-1", "call-2"]);
    expect(helper.children).toHaveLength(1);
    expect(helper.heard).toEqual([]);
  });

  test("answers for a verb that it does not export with a trap", async () => {
    await using helper = await createFakeHelper({ bundlePath: bundle.path, component: "no-op" });
    using pool = createPool({ client: helper });
    for (const [exported, verb] of [
      ["attachment", "toString"],
      ["attachment", "status"],
      ["addresses", "add"],
      ["__proto__", "add"],
    ] as const) {
      const frame = { ...callOf(0), export: exported, verb };
      const report = await pool.run(helper.plugin, (sandbox) => sandbox.call(frame, NO_IPAM));
      expect(report.result.outcome).toEqual({ trap: expect.stringContaining("exports no") });
    }
  });

  test("ends with its channel", async () => {
    await using helper = await createFakeHelper({ bundlePath: bundle.path, component: "no-op" });
    using pool = createPool({ client: { ...helper, request: async () => ({}) } });
    await pool.warm(helper.plugin);
    pool[Symbol.dispose]();
    const [child] = helper.children;
    if (child === undefined) throw new Error("no process was started");
    await exitOf(child);
    expect(child.exitCode).toBe(0);
  });
});

describe("imports", () => {
  const SDK = { fixture: "sdk", capabilities: ["container-links", "ipam", "clock", "random"] };
  const said = (report: CallReport | undefined): unknown => {
    const outcome = report?.result.outcome ?? {};
    if (!("ok" in outcome)) return outcome;
    return (JSON.parse((outcome.ok as { extensions: string }).extensions) as { said: unknown }).said;
  };

  test("send operations with the handle's number, and hand the answer to the guest", async () => {
    const { report, helper } = await playOne({ ...SDK, calls: ["attempt"] });
    expect(helper.heard).toEqual([["container-links.get", HANDLE, "eth9"]]);
    expect(said(report)).toBe("eth0");
    expect(report.result.hostCalls).toBe(1);
  });

  test("hand an err to the guest as the case of its enum", async () => {
    const { report } = await playOne({ ...SDK, calls: ["attempt"], answer: () => ({ err: "not-found" }) });
    expect(said(report)).toBe("not-found");
  });

  test("trap the guest on a case that its enum does not have", async () => {
    const { outcome } = await playOne({ ...SDK, calls: ["attempt"], answer: () => ({ err: "no-such-case" }) });
    expect(outcome).toEqual({ trap: expect.any(String) });
  });

  test("ask the host for the IPAM plugin, and hand over what it gives or why it does not", async () => {
    const given = {
      ips: [{ address: { address: { tag: "ipv4", val: [10, 1, 0, 2] }, prefixLength: 24 } }],
      routes: [],
    };
    const asked: string[] = [];
    const { report } = await playOne({
      ...SDK,
      calls: ["ipam"],
      answerIpam: async (verb) => (asked.push(verb), { ok: given }),
    });
    expect(asked).toEqual(["add"]);
    expect(said(report)).toMatchObject(given);
    const failed = await playOne({
      ...SDK,
      calls: ["ipam"],
      answerIpam: async () => ({ err: { code: 108, message: "none is free" } }),
    });
    expect(failed.outcome).toEqual({
      err: expect.objectContaining({ code: 108, message: expect.stringContaining("none is free") }),
    });
  });

  test("give other random numbers to every instance, and the time", async () => {
    const { reports } = await play({ ...SDK, calls: ["random", "random", "time"] });
    const [first, second, time] = reports.map(said) as [unknown[], unknown[], [number, string, string, number]];
    expect(first).not.toEqual(second);
    expect(Math.abs(time[0] - Date.now())).toBeLessThan(60_000);
    expect(time.slice(2)).toEqual(["1970-01-01T00:00:00.000Z", 86_400_000]);
  });

  test("that are answered in the sandbox trap the guest without the grant", async () => {
    const { outcome } = await playOne({
      fixture: "sdk",
      capabilities: ["container-links", "ipam", "random"],
      calls: ["time"],
    });
    expect(outcome).toEqual({ trap: expect.stringContaining('"clock" is not granted') });
  });

  test("that the helper answers reach it without the grant, too: it is the helper that refuses", async () => {
    const { report, helper } = await playOne({
      fixture: "sdk",
      capabilities: ["clock", "random"],
      calls: ["attempt"],
      answer: () => ({ err: "not-permitted" }),
    });
    expect(said(report)).toBe("not-permitted");
    expect(helper.heard).toHaveLength(1);
  });
});

describe("an instance", () => {
  test("is used for one call: nothing is kept for the next", async () => {
    const { reports, helper } = await play({
      fixture: "kept-handle",
      capabilities: ["container-links"],
      calls: ["{}", "{}"],
    });
    expect(reports.map(({ result }) => result.outcome)).toEqual(
      Array.from({ length: 2 }, () =>
        expect.objectContaining({ ok: expect.objectContaining({ extensions: '{"said":"nothing kept"}' }) }),
      ),
    );
    expect(helper.heard).toEqual([]);
  });
});
