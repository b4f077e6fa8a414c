import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OperationAnswer, OperationRequest } from "../../host/helper/sandbox-protocol.ts";
import { bundleEntry, type Bundle } from "./bundles.ts";
import { HANDLE, LINK, playOneCall, playScene } from "./scene.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleEntry("host/sandbox/main.ts");
});
afterAll(() => bundle[Symbol.dispose]());

type Ask = readonly [face: string, name: string, ...args: unknown[]];
const OPTIONS = { ifname: "eth0", duplicateAddressDetection: "off", announce: false };
const START: Ask = ["container-links", "startVeth", OPTIONS];
const STARTED: Ask = ["container-links", "startedVeth"];
const BEGIN: Ask = ["batch", "begin"];
const RUN: Ask = ["batch", "run"];
const REMOVE: Ask = ["masquerade", "remove"];
const GET: Ask = ["container-links", "get", "lo"];
const STARTING = ["container-links.start-veth", HANDLE, OPTIONS];

/** Answers as the helper does. */
const answer = (request: OperationRequest): OperationAnswer => {
  if (request[0] === "container-links.start-veth") return { ok: { container: LINK, node: LINK } };
  return { ok: request[0] === "container-links.get" ? LINK : null };
};

const play = (asks: readonly Ask[], answered = answer) =>
  playOneCall({ bundlePath: bundle.path, fixture: "asks", answer: answered, calls: [JSON.stringify({ asks })] });

/** What the guest was answered. */
function answersIn(outcome: object): unknown {
  if (!("ok" in outcome)) return outcome;
  return (JSON.parse((outcome.ok as { extensions: string }).extensions) as { answers: unknown }).answers;
}

describe("an operation that is started", () => {
  test("has its answer read when it is asked for; a batch goes before, and says so", async () => {
    const { outcome, helper } = await play([START, BEGIN, REMOVE, RUN, STARTED, GET]);
    expect(answersIn(outcome)).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: true },
      { ok: true },
      { ok: true, value: { node: { name: LINK.name } } },
      { ok: true, value: { name: LINK.name } },
    ]);
    expect(helper.heard).toEqual([
      STARTING,
      ["after", ["start"], ["batch", ["masquerade.remove"]]],
      ["container-links.get", HANDLE, "lo"],
    ]);
  });

  test("is waited for before anything else but a batch is asked, or a batch once it was", async () => {
    const { outcome, helper } = await play([START, GET, BEGIN, REMOVE, RUN, STARTED]);
    expect(answersIn(outcome)).toHaveLength(6);
    expect(helper.heard).toEqual([STARTING, ["container-links.get", HANDLE, "lo"], ["batch", ["masquerade.remove"]]]);
  });

  test("tells why it failed", async () => {
    const refuse = (): OperationAnswer => ({ err: "limit-reached" });
    const { outcome } = await play([START, STARTED], refuse);
    expect(answersIn(outcome)).toMatchObject([{ ok: true }, { ok: false, error: "limit-reached" }]);
  });

  test("and is not asked for is read all the same: the next call has its own answers", async () => {
    const calls = [[START], [GET]].map((asks) => JSON.stringify({ asks }));
    const { reports } = await playScene({ bundlePath: bundle.path, fixture: "asks", answer, calls });
    expect(reports.map(({ result }) => answersIn(result.outcome))).toMatchObject([
      [{ ok: true }],
      [{ ok: true, value: { name: LINK.name } }],
    ]);
  });

  test.for<{ why: string; asks: readonly Ask[]; says: string }>([
    { why: "a second time", asks: [START, STARTED, START], says: "already" },
    { why: "in a batch", asks: [BEGIN, START], says: "batch" },
    { why: "and is none", asks: [STARTED], says: "nothing was started" },
  ])("$why traps the guest", async ({ asks, says }) => {
    const { outcome } = await play(asks);
    expect(outcome).toMatchObject({ trap: expect.stringContaining(says) });
  });
});
