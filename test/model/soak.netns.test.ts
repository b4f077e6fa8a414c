/**
 * @module A thousand cycles of ADD and DEL with faults by chance. `npm run bench:faults` makes ten thousand.
 */
import { expect, test } from "vitest";
import { runSoak } from "./soak.ts";

/** Another one strikes elsewhere. */
const SEED = 20_261_124;
const CYCLES = 1_000;
const WARM_CYCLES = 500;
const TIMEOUT_MS = 600_000;
/** Young processes still grow; the bound of the long run, which begins where this one ends, is 1.1. */
const MEMORY_BOUND = 1.3;

test(
  `seed ${SEED}: ${CYCLES} cycles leave nothing, and cost no memory and no descriptor`,
  { timeout: TIMEOUT_MS },
  async () => {
    const { problems, warm, end, faults } = await runSoak({ seed: SEED, cycles: CYCLES, warmCycles: WARM_CYCLES });
    console.log(JSON.stringify({ faults, warm, end }));
    expect(problems).toEqual([]);
    expect(faults.sandbox).toBeGreaterThan(0);
    expect(faults.namespace).toBeGreaterThan(0);
    expect(end.descriptors).toBeLessThanOrEqual(warm.descriptors);
    expect(end.bytes / warm.bytes).toBeLessThanOrEqual(MEMORY_BOUND);
  },
);
