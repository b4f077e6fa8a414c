import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallFrame, Limits, OperationAnswer, OperationRequest } from "../../host/helper/protocol.ts";
import { createPool, type AnswerIpam, type CallReport } from "../../host/sandbox/pool.ts";
import { bundleEntry, type Bundle } from "./bundles.ts";
import { createFakeHelper, exitOf, REQUEST, type FakeHelper } from "./fake-helper.ts";

const LINK = {
  name: "eth0",
  index: 2,
  kind: "veth",
  mac: [2, 0, 0, 0, 0, 1],
  mtuBytes: 1500,
  up: true,
  operationalState: "up",
  promiscuous: false,
  allMulticast: false,
  transmitQueueLength: 1000,
};
const HANDLE = 41;
const NO_IPAM: AnswerIpam = async () => ({ err: { code: 4, message: "no IPAM plugin" } });

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleEntry("host/sandbox/main.ts");
});
afterAll(() => bundle[Symbol.dispose]());

interface Scene {
  readonly fixture: string;
  readonly capabilities?: readonly string[];
  readonly limits?: Partial<Limits>;
  readonly answer?: (request: OperationRequest) => OperationAnswer;
  readonly answerIpam?: AnswerIpam;
  /** Configuration of each call, one after the other. @default one call */
  readonly calls?: readonly string[];
}

function callOf(index: number, configuration: string = REQUEST.configuration): CallFrame {
  return { type: "call", callId: `call-${index}`, export: "attachment", verb: "add", request: { ...REQUEST, configuration }, containerHandle: HANDLE };
}

/** Makes calls on a real process, one after the other; a new process where the last one cannot go on. */
async function play(scene: Scene): Promise<{ readonly reports: CallReport[]; readonly helper: FakeHelper }> {
  const { fixture, capabilities = [], calls = [REQUEST.configuration], answerIpam = NO_IPAM } = scene;
  const answer = scene.answer ?? ((): OperationAnswer => ({ ok: LINK }));
  await using helper = await createFakeHelper({ bundlePath: bundle.path, component: fixture, capabilities, limits: scene.limits ?? {}, answer });
  using pool = createPool({ client: helper });
  const reports: CallReport[] = [];
  for (const [index, configuration] of calls.entries()) {
    reports.push(await pool.run(helper.plugin, (sandbox) => sandbox.call(callOf(index, configuration), answerIpam)));
  }
  return { reports, helper };
}

/** Makes one call. */
async function playOne(scene: Scene): Promise<{ readonly outcome: CallReport["result"]["outcome"]; readonly report: CallReport; readonly helper: FakeHelper }> {
  const { reports, helper } = await play(scene);
  const [report] = reports;
  if (report === undefined) throw new Error("the scene makes no call");
  return { outcome: report.result.outcome, report, helper };
}

describe("a guest that does nothing", () => {
  test("answers with an empty result, call after call in one process", async () => {
    const { reports, helper } = await play({ fixture: "no-op", calls: ["{}", "{}", "{}"] });
    expect(reports.map(({ result }) => result.outcome)).toEqual(Array.from({ length: 3 }, () => ({ ok: { interfaces: [], ips: [], routes: [] } })));
    expect(reports.map(({ result }) => result.callId)).toEqual(["call-0", "call-1", "call-2"]);
    expect(helper.children).toHaveLength(1);
    expect(helper.heard).toEqual([]);
  });

  test("answers for a verb that it does not export with a trap", async () => {
    await using helper = await createFakeHelper({ bundlePath: bundle.path, component: "no-op" });
    using pool = createPool({ client: helper });
    for (const [exported, verb] of [["attachment", "toString"], ["attachment", "status"], ["addresses", "add"], ["__proto__", "add"]] as const) {
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
    const given = { ips: [{ address: { address: { tag: "ipv4", val: [10, 1, 0, 2] }, prefixLength: 24 } }], routes: [] };
    const asked: string[] = [];
    const { report } = await playOne({ ...SDK, calls: ["ipam"], answerIpam: async (verb) => (asked.push(verb), { ok: given }) });
    expect(asked).toEqual(["add"]);
    expect(said(report)).toMatchObject(given);
    const failed = await playOne({ ...SDK, calls: ["ipam"], answerIpam: async () => ({ err: { code: 108, message: "none is free" } }) });
    expect(failed.outcome).toEqual({ err: expect.objectContaining({ code: 108, message: expect.stringContaining("none is free") }) });
  });

  test("give other random numbers to every instance, and the time", async () => {
    const { reports } = await play({ ...SDK, calls: ["random", "random", "time"] });
    const [first, second, time] = reports.map(said) as [unknown[], unknown[], [number, string, string, number]];
    expect(first).not.toEqual(second);
    expect(Math.abs(time[0] - Date.now())).toBeLessThan(60_000);
    expect(time.slice(2)).toEqual(["1970-01-01T00:00:00.000Z", 86_400_000]);
  });

  test("that are answered in the sandbox trap the guest without the grant", async () => {
    const { outcome } = await playOne({ fixture: "sdk", capabilities: ["container-links", "ipam", "random"], calls: ["time"] });
    expect(outcome).toEqual({ trap: expect.stringContaining('"clock" is not granted') });
  });

  test("that the helper answers reach it without the grant, too: it is the helper that refuses", async () => {
    const { report, helper } = await playOne({ fixture: "sdk", capabilities: ["clock", "random"], calls: ["attempt"], answer: () => ({ err: "not-permitted" }) });
    expect(said(report)).toBe("not-permitted");
    expect(helper.heard).toHaveLength(1);
  });
});

describe("an instance", () => {
  test("is used for one call: nothing is kept for the next", async () => {
    const { reports, helper } = await play({ fixture: "kept-handle", capabilities: ["container-links"], calls: ["{}", "{}"] });
    expect(reports.map(({ result }) => result.outcome)).toEqual(Array.from({ length: 2 }, () => expect.objectContaining({ ok: expect.objectContaining({ extensions: '{"said":"nothing kept"}' }) })));
    expect(helper.heard).toEqual([]);
  });
});

describe("a hostile guest", () => {
  const sins: readonly (Scene & { readonly title: string; readonly outcome: object })[] = [
    { title: "that never returns is killed at the deadline", fixture: "loop-in-add", limits: { deadlineMs: 300 }, outcome: { limit: "300 ms" } },
    { title: "that fills its memory traps at the cap", fixture: "memory-bomb", outcome: { trap: expect.stringMatching(/bytes of memory in use/u) } },
    { title: "that calls itself without end traps", fixture: "deep-recursion", outcome: { trap: expect.any(String) } },
    { title: "that answers with too much reaches the limit", fixture: "huge-result", limits: { memoryBytes: 128 * 1024 * 1024 }, outcome: { limit: expect.stringMatching(/65536 permitted/u) } },
    { title: "that answers with wrong types traps", fixture: "wrong-type-result", outcome: { trap: expect.any(String) } },
    { title: "that throws a number traps", fixture: "throws-non-error", outcome: { trap: expect.any(String) } },
    { title: "that asks without end reaches the limit", fixture: "host-call-flood", capabilities: ["container-links"], outcome: { limit: "100 host calls" } },
    { title: "that uses a dropped handle traps", fixture: "use-after-drop", capabilities: ["container-links"], outcome: { trap: expect.any(String) } },
    { title: "that makes up a handle traps", fixture: "forged-handle", capabilities: ["container-links"], outcome: { trap: expect.any(String) } },
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
    expect(report.log.at(-1)).toEqual({ level: "warn", message: expect.stringMatching(/^\d+ more lines were dropped/u) });
  });

  test("that hangs while it starts never becomes ready", async () => {
    await using helper = await createFakeHelper({ bundlePath: bundle.path, component: "loop-at-start" });
    using pool = createPool({ client: helper, startMs: 500 });
    await expect(pool.warm(helper.plugin)).rejects.toMatchObject({ kind: "guestFailed" });
    expect(helper.kills).toEqual(["not ready after 500 ms"]);
  });

  test("does not spoil the next call: it gets a process of its own", async () => {
    const { reports, helper } = await play({ fixture: "sdk", capabilities: ["container-links", "ipam", "clock", "random"], calls: ["attempt", "fail"], answer: () => ({ err: "nonsense" }) });
    expect(reports[0]?.result.outcome).toHaveProperty("trap");
    expect(reports[1]?.result.outcome).toEqual({ err: { code: 7, message: "wrong configuration", details: "want less" } });
    expect(helper.children).toHaveLength(2);
  });
});
