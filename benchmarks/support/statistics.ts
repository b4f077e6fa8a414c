/**
 * @module Figures of one measurement. Times are in milliseconds unless a name says otherwise.
 */

/** Distribution of a measurement. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** Gives the value below which a share of the samples lies: nearest rank. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  const value = sorted[rank];
  if (value === undefined) throw new RangeError("no samples");
  return value;
}

/** Summarises samples. */
export function distribution(samples: readonly number[]): Distribution {
  return {
    count: samples.length,
    p50: percentile(samples, 0.5),
    p95: percentile(samples, 0.95),
    minimum: percentile(samples, 0),
    maximum: percentile(samples, 1),
  };
}

/** Runs a step and gives how long it took, in milliseconds. */
export async function timed(step: () => unknown): Promise<number> {
  const begin = performance.now();
  await step();
  return performance.now() - begin;
}

/** Keeps figures short: three significant digits and no more. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
