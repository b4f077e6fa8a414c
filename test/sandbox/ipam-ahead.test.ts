import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPool, type AnswerIpam, type CallReport, type IpamAnswer } from "../../host/sandbox/pool.ts";
import { bundleEntry, type Bundle } from "./bundles.ts";
import { createFakeHelper, type FakeHelper } from "./fake-helper.ts";
import { NO_IPAM, callOf } from "./scene.ts";

let bundle: Bundle;
beforeAll(async () => {
  bundle = await bundleEntry("host/sandbox/main.ts");
});
afterAll(() => bundle[Symbol.dispose]());

type Asks = readonly (readonly [face: string, name: string])[];
const RELEASE: Asks = [["masquerade", "remove"]];
const GIVEN = { ips: [], routes: [], dns: undefined };
const REFUSAL = { code: 11, message: "none is free" };

/** Has a guest ask in calls whose IPAM answer comes unasked, one call after the other in one process. */
async function play(
  calls: readonly Asks[],
  answer: IpamAnswer = { ok: GIVEN },
  answerIpam: AnswerIpam = NO_IPAM,
): Promise<{ readonly reports: readonly CallReport[]; readonly helper: FakeHelper }> {
  await using helper = await createFakeHelper({
    bundlePath: bundle.path,
    component: "asks",
    capabilities: ["ipam", "masquerade"],
    limits: {},
    answer: () => ({ ok: null }),
  });
  using pool = createPool({ client: helper });
  const reports: CallReport[] = [];
  for (const [index, asks] of calls.entries()) {
    const frame = { ...callOf(index, JSON.stringify({ asks })), isIpamAhead: true };
    reports.push(
      await pool.run(helper.plugin, (sandbox) => {
        const report = sandbox.call(frame, answerIpam);
        sandbox.giveIpam(answer);
        return report;
      }),
    );
  }
  return { reports, helper };
}

/** What the guest was answered. */
function answersIn({ result: { outcome } }: CallReport): unknown {
  if (!("ok" in outcome)) return outcome;
  return (JSON.parse((outcome.ok as { extensions: string }).extensions) as { answers: unknown }).answers;
}

describe("the answer of an IPAM plugin that comes unasked", () => {
  test("is taken without a question, and the helper is told that the next request comes after it", async () => {
    const { reports, helper } = await play([[["ipam", "add"], ...RELEASE, ...RELEASE]]);
    expect(reports[0]?.result.tookIpam).toBe(true);
    expect(answersIn(reports[0] as CallReport)).toMatchObject([{ ok: true, value: { ips: [] } }, {}, {}]);
    expect(helper.heard).toEqual([["after", ["ipam"], ["masquerade.remove"]], ["masquerade.remove"]]);
  });

  test("may be a refusal", async () => {
    const { reports } = await play([[["ipam", "add"]]], { err: REFUSAL });
    expect(answersIn(reports[0] as CallReport)).toMatchObject([{ ok: false, error: REFUSAL }]);
  });

  test("is left where the guest does not ask, and is not the next call's", async () => {
    const { reports, helper } = await play([RELEASE, [["ipam", "add"]]]);
    expect(reports.map(({ result }) => result.tookIpam)).toEqual([false, true]);
    expect(helper.heard).toEqual([["masquerade.remove"]]);
  });

  test("may come before the answer to another question; asked once more, the host answers", async () => {
    const verbs: string[] = [];
    const asks: Asks = [
      ["ipam", "check"],
      ["ipam", "add"],
      ["ipam", "add"],
    ];
    const { reports } = await play([asks], { ok: GIVEN }, async (verb) => (verbs.push(verb), { ok: GIVEN }));
    expect(answersIn(reports[0] as CallReport)).toMatchObject([{ ok: true }, { ok: true }, { ok: true }]);
    expect(verbs).toEqual(["check", "add"]);
  });
});
