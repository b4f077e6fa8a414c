/**
 * @module Several operations in one go: one question to the host instead of one for each.
 */
import type * as Batch from "cnidaria:plugin/batch@0.1.0";
import type { PluginError } from "cnidaria:plugin/types@0.1.0";

import { failureOfCase, payloadOf, type PluginFailure, toPluginError } from "./errors.ts";

/** The import `batch`: a plugin's world has to have it. */
export type BatchImports = Pick<typeof Batch, "begin" | "run">;

/** One operation of a batch. */
export interface Step {
  /** Completes "cannot …" in its error. */
  readonly what: string;
  /** Calls one import, one that gives no value. */
  readonly act: () => void;
  /** Cases of its error enum that are as good as success. */
  readonly tolerated?: readonly string[];
}

/**
 * Does all steps, in order, up to one that fails.
 * @throws {PluginFailure} "cannot …" with the step and the case of its error enum.
 */
export function together(batch: BatchImports, steps: readonly Step[]): void {
  for (const failure of failuresOf(batch, steps)) throw failure;
}

/** Does all steps, in order, whatever fails. Gives the failures. */
export function allTogether(batch: BatchImports, steps: readonly Step[]): PluginError[] {
  return Array.from(failuresOf(batch, steps), toPluginError);
}

/** Runs batches until no step is left: a failure ends one, and what comes after it is asked anew. */
function* failuresOf(batch: BatchImports, steps: readonly Step[]): Generator<PluginFailure> {
  let left = steps;
  while (left.length > 0) {
    const failure = runBatch(batch, left);
    if (failure === undefined) return;
    const step = left[failure.index];
    if (step === undefined) throw new Error("unreachable: a failure outside the batch");
    left = left.slice(failure.index + 1);
    if (!step.tolerated?.includes(failure.error)) yield failureOfCase(step.what, failure.error);
  }
}

function runBatch(batch: BatchImports, steps: readonly Step[]): Batch.Failure | undefined {
  batch.begin();
  for (const { act } of steps) act();
  try {
    batch.run();
    return undefined;
  } catch (caught) {
    const failure = payloadOf(caught);
    if (typeof failure !== "object" || failure === null) throw caught;
    return failure as Batch.Failure;
  }
}
