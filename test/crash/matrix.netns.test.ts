/**
 * @module A slice of the matrix of faults: whoever is struck wherever in whichever verb, nothing is left and nothing is lost. All of it is
 * played by `npm run bench:faults`.
 */
import { afterAll, expect, test } from "vitest";
import { faultPoints } from "../../host/spec/fault-points.ts";
import { findScenes, playMatrix } from "./matrix.ts";
import { VERBS } from "./scenes.ts";
import { Theatre } from "./theatre.ts";

/** Another one plays other scenes of the same matrix. */
const SEED = 20_261_124;
const BUDGET_MS = 150_000;
const LEAST_SCENES = 500;
/** Far fewer than a slice plays on a slow machine: none would prove nothing. */
const LEAST_REACHED = 30;

const theatre = await Theatre.open();
afterAll(() => theatre[Symbol.asyncDispose](), 60_000);

/** Points that no verb of the matrix passes, and what does. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "ledger.hand-over": "an ADD by an executable within an ADD: test/host/legacy-*.netns.test.ts",
  "ledger.reclaim": "the first start after a restart of the machine: reboot.netns.test.ts, and the model",
  "helper.open-state": "a start, before which nothing is open; the second of the pair is played",
  "helper.end": "the end of a host: processes.netns.test.ts",
  "host.start-helper": "a host's first request: processes.netns.test.ts",
  "sandbox.load": "before a sandbox has a configuration to find a plan in: processes.netns.test.ts",
  "sandbox.ready": "the same",
  "sandbox.instance": "the same",
  "kernel.iptables": "networks whose backend is iptables, which this one's is not",
  "kernel.change-slowly": "deletions of links, where the operation begins them: del",
};

test(
  "some verb passes every point of the list, each of which somebody may be struck at",
  { timeout: 60_000 },
  async () => {
    const scenes = await findScenes(theatre);
    const passed = new Set(scenes.map(({ point }) => point.split(" ")[0]));
    const notPassed = faultPoints().filter((point) => !passed.has(point));
    expect(notPassed.filter((point) => !Object.hasOwn(ELSEWHERE, point.replace(/:(before|after)$/u, "")))).toEqual([]);
    expect(new Set(scenes.map(({ verb }) => verb))).toEqual(new Set(VERBS));
    expect(scenes.length).toBeGreaterThan(LEAST_SCENES);
  },
);

test(`seed ${SEED}: nothing is left, and ledger and kernel say the same`, { timeout: BUDGET_MS + 60_000 }, async () => {
  const outcome = await playMatrix(theatre, { seed: SEED, budgetMs: BUDGET_MS });
  console.log(`${outcome.reached} of ${outcome.known} faults, in ${outcome.pairs.size} pairs of verb and victim`);
  expect(outcome.reached).toBeGreaterThan(LEAST_REACHED);
  expect(outcome.problems).toEqual([]);
  // What calls do beside each other comes in another order now and then.
  expect(outcome.missed.length).toBeLessThanOrEqual(outcome.played / 50);
});
