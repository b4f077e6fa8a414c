/**
 * @module Runs sequences of commands against model and world.
 */
import fc from "fast-check";
import { commands, emptyModel } from "./commands.ts";
import { World } from "./world.ts";

/** How much is tried. */
export interface ModelOptions {
  readonly seed: number;
  readonly sequences: number;
  readonly maxSteps: number;
  /** When to stop, in ms. @default never */
  readonly budgetMs?: number;
  /** Told after each sequence, with how many were played. */
  readonly onPlayed?: (played: number) => void;
}

/** What came of it. */
export interface ModelOutcome {
  readonly sequences: number;
  /** Commands that were run. */
  readonly steps: number;
  /** The shortest sequence that failed, one command a line, and why; `undefined`: none did. */
  readonly failure: string | undefined;
}

/** Runs the sequences. */
export async function runModel({
  seed,
  sequences,
  maxSteps,
  budgetMs = Infinity,
  onPlayed,
}: ModelOptions): Promise<ModelOutcome> {
  await using world = await World.open();
  const endAt = performance.now() + budgetMs;
  let played = 0;
  const property = fc.asyncProperty(commands(maxSteps), async (sequence) => {
    // Not in the middle of one: what is left of it would be taken for a leak.
    if (performance.now() > endAt) return;
    await world.clear();
    await fc.asyncModelRun(() => ({ model: emptyModel(), real: world }), sequence);
    played += 1;
    onPlayed?.(played);
  });
  const details = await fc.check(property, { seed, numRuns: sequences });
  if (!details.failed) return { sequences: played, steps: world.looks, failure: undefined };
  const [script] = details.counterexample ?? [];
  const why = details.errorInstance instanceof Error ? details.errorInstance.message : String(details.errorInstance);
  const lines = [...(script ?? [])].map((command, index) => `${index + 1}. ${String(command)}`);
  return { sequences: played, steps: world.looks, failure: [`seed ${seed}, ${why}`, ...lines].join("\n") };
}
