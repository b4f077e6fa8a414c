/**
 * @module Sequences of commands, compared with a model after every step.
 */
import { runModel } from "../../test/model/run.ts";
import type { Row } from "../support/row.ts";
import { SEED } from "./seed.ts";

const SEQUENCES = 1_000;
const MAX_STEPS = 30;
const QUICK_SEQUENCES = 10;

/** Measures the rows. */
export async function measureModel(isQuick: boolean): Promise<Row[]> {
  const wanted = isQuick ? QUICK_SEQUENCES : SEQUENCES;
  const { sequences, steps, failure } = await runModel({ seed: SEED, sequences: wanted, maxSteps: MAX_STEPS });
  if (failure !== undefined) console.error(failure);
  return [
    {
      name: "model",
      what: `sequences of up to ${MAX_STEPS} steps that ledger, kernel and model agree on throughout`,
      figure: failure === undefined ? sequences : 0,
      bound: wanted,
      sense: "least",
      isRatio: false,
      measured: { sequences, steps, failure },
      beside: failure === undefined ? `${steps} steps` : failure.split("\n")[0],
    },
  ];
}
