import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperationAnswer } from "../../host/helper/sandbox-protocol.ts";
import { bundleEntry, type Bundle } from "./bundles.ts";
import { HANDLE, playOneCall, playScene, type Scene } from "./scene.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleEntry("host/sandbox/main.ts");
});
afterAll(() => bundle[Symbol.dispose]());

type Ask = readonly [face: string, name: string, ...args: unknown[]];
const BEGIN: Ask = ["batch", "begin"];
const RUN: Ask = ["batch", "run"];
const UP: Ask = ["container-links", "setUp", "lo", 0];
const REMOVE: Ask = ["masquerade", "remove"];

/** Has the guest ask, in one call. */
const ask = (asks: readonly Ask[], scene: Partial<Scene> = {}) =>
  playOneCall({
    bundlePath: bundle.path,
    fixture: "asks",
    capabilities: ["log"],
    answer: () => ({ ok: null }),
    ...scene,
    calls: [JSON.stringify({ asks })],
  });

/** What the guest was answered. */
function answersIn(outcome: object): unknown {
  if (!("ok" in outcome)) return outcome;
  return (JSON.parse((outcome.ok as { extensions: string }).extensions) as { answers: unknown }).answers;
}

describe("a batch", () => {
  test("reaches the helper as one frame, in the order in which it was asked", async () => {
    const { outcome, report, helper } = await ask([BEGIN, UP, REMOVE, UP, RUN, REMOVE]);
    expect(helper.heard).toEqual([
      [
        "batch",
        ["container-links.set-up", HANDLE, "lo", 0],
        ["masquerade.remove"],
        ["container-links.set-up", HANDLE, "lo", 0],
      ],
      ["masquerade.remove"],
    ]);
    expect(answersIn(outcome)).toEqual(Array.from({ length: 6 }, () => ({ ok: true })));
    expect(report.result.hostCalls).toBe(4);
  });

  test("without an operation asks nothing", async () => {
    const { helper } = await ask([BEGIN, RUN]);
    expect(helper.heard).toEqual([]);
  });

  test("tells the guest which operation did not succeed, and why", async () => {
    const failure = { index: 1, operation: "masquerade.remove", error: "unsupported" };
    const answer = (): OperationAnswer => ({ err: failure }) as unknown as OperationAnswer;
    const { outcome } = await ask([BEGIN, UP, REMOVE, RUN], { answer });
    expect((answersIn(outcome) as unknown[]).at(-1)).toEqual({ ok: false, error: failure });
  });

  test("does not keep the log back", async () => {
    const { report, helper } = await ask([BEGIN, ["log", "write", "info", "meanwhile"], REMOVE, RUN]);
    expect(report.log).toEqual([{ level: "info", message: "meanwhile" }]);
    expect(helper.heard).toHaveLength(1);
  });

  const TRAPS: readonly { readonly why: string; readonly asks: readonly Ask[]; readonly says: string }[] = [
    { why: "an operation with a value in it", asks: [BEGIN, ["masquerade", "list"], RUN], says: "masquerade.list" },
    { why: "the IPAM plugin asked in it", asks: [BEGIN, ["ipam", "add"], RUN], says: "IPAM" },
    { why: "another in it", asks: [BEGIN, BEGIN, RUN], says: "a batch in a batch" },
    { why: "no beginning", asks: [RUN], says: "no batch is open" },
    { why: "no end", asks: [BEGIN, REMOVE], says: "in the middle of a batch" },
  ];
  test.for(TRAPS)("with $why is a trap, and nothing is asked", async ({ asks, says }) => {
    const { outcome, helper } = await ask(asks);
    expect(outcome).toEqual({ trap: expect.stringContaining(says) });
    expect(helper.heard).toEqual([]);
  });

  test("counts each of its operations", async () => {
    const { outcome, helper } = await ask([BEGIN, UP, UP, UP, RUN], { limits: { hostCalls: 2 } });
    expect(outcome).toEqual({ limit: "2 host calls" });
    expect(helper.heard).toEqual([]);
  });

  test("is no longer than one operation may be", async () => {
    const long: Ask = ["container-links", "setUp", "x".repeat(40_000), 0];
    const { outcome, helper } = await ask([BEGIN, long, long, RUN]);
    expect(outcome).toEqual({ limit: expect.stringContaining("bytes of arguments") });
    expect(helper.heard).toEqual([]);
  });

  test("that a failing verb leaves open is forgotten: the next call begins without", async () => {
    const unheardOf: Ask = ["no", "thing"];
    const { reports, helper } = await playScene({
      bundlePath: bundle.path,
      fixture: "asks",
      answer: () => ({ ok: null }),
      calls: [JSON.stringify({ asks: [BEGIN, UP, unheardOf] }), JSON.stringify({ asks: [REMOVE] })],
    });
    expect(reports.map(({ result }) => Object.keys(result.outcome))).toEqual([["err"], ["ok"]]);
    expect(helper.heard).toEqual([["masquerade.remove"]]);
    expect(helper.children).toHaveLength(1);
  });
});
