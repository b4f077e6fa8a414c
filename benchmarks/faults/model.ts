/**
 * @module Sequences of commands, compared with a model after every step.
 */
import { runModel } from "../../test/model/run.ts";
import type { Row } from "../support/row.ts";
import type { Campaign } from "./campaign.ts";
import { SEED } from "./seed.ts";

const SEQUENCES = 1_000;
const MAX_STEPS = 30;
const QUICK_SEQUENCES = 10;

const PROGRESS_EVERY = 20;

/** Measures the rows. */
export async function measureModel({ isQuick, budgetMs }: Campaign): Promise<Row[]> {
  const wanted = isQuick ? QUICK_SEQUENCES : SEQUENCES;
  const { sequences, steps, failure } = await runModel({
    seed: SEED,
    sequences: wanted,
    maxSteps: MAX_STEPS,
    ...(budgetMs === undefined ? {} : { budgetMs }),
    onPlayed: (played) => {
      if (played % PROGRESS_EVERY === 0) console.error(`  ${played} of ${wanted} sequences`);
    },
  });
  if (failure !== undefined) console.error(failure);
  const reached = `${sequences} of ${wanted} were played, ${steps} steps`;
  return [
    {
      name: "model",
      what: `sequences of up to ${MAX_STEPS} steps that ledger, kernel and model agree on throughout`,
      figure: failure === undefined ? sequences : 0,
      bound: wanted,
      sense: "least",
      isRatio: false,
      measured: { budgetMs, wanted, sequences, steps, failure },
      beside: failure === undefined ? reached : `${reached}; ${failure.split("\n")[0]}`,
    },
  ];
}
