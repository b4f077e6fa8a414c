/**
 * @module Some sequences of commands against the model. `npm run bench:faults` runs a thousand.
 */
import { expect, test } from "vitest";
import { runModel } from "./run.ts";

/** Another one makes other sequences. */
const SEED = 20_261_124;
const SEQUENCES = 60;
const MAX_STEPS = 30;
const BUDGET_MS = 120_000;

test(
  `seed ${SEED}: ledger, kernel and model agree after every step of every sequence`,
  { timeout: BUDGET_MS + 180_000 },
  async () => {
    const options = { seed: SEED, sequences: SEQUENCES, maxSteps: MAX_STEPS, budgetMs: BUDGET_MS };
    const { sequences, steps, failure } = await runModel(options);
    console.log(`${sequences} sequences, ${steps} steps`);
    // The script of the shortest sequence that failed.
    expect(failure).toBeUndefined();
    expect(steps).toBeGreaterThan(0);
  },
);
