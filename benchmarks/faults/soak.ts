/**
 * @module Ten thousand ADDs and DELs with faults by chance.
 */
import { runSoak, WARM_CYCLES } from "../../test/model/soak.ts";
import type { Row } from "../support/row.ts";
import { short } from "../support/statistics.ts";
import { SEED } from "./seed.ts";

const CYCLES = 10_000;
const QUICK_CYCLES = 400;
const QUICK_WARM_CYCLES = 200;
const MEBIBYTE = 1024 * 1024;
const MEMORY_BOUND = 1.1;

/** Measures the rows. */
export async function measureSoak(isQuick: boolean): Promise<Row[]> {
  const cycles = isQuick ? QUICK_CYCLES : CYCLES;
  const warmCycles = isQuick ? QUICK_WARM_CYCLES : WARM_CYCLES;
  const outcome = await runSoak({
    seed: SEED,
    cycles,
    warmCycles,
    onProgress: (done) => console.error(`  ${done} cycles`),
  });
  const { faults, warm, end, problems } = outcome;
  for (const problem of problems) console.error(problem);
  const row = { sense: "most", isRatio: false, measured: { ...outcome } } as const;
  const { sandbox, helper, namespace } = faults;
  return [
    {
      ...row,
      name: "soak",
      what: `left after ${cycles} cycles over 50 containers`,
      figure: problems.length,
      bound: 0,
      beside: `killed: ${sandbox} sandboxes, ${helper} helpers; ${namespace} namespaces gone before DEL`,
    },
    {
      ...row,
      name: "soak, memory",
      what: `× what host, helper and sandboxes had after ${warmCycles}`,
      figure: end.bytes / warm.bytes,
      bound: MEMORY_BOUND,
      isRatio: true,
      beside: `${short(warm.bytes / MEBIBYTE)} and ${short(end.bytes / MEBIBYTE)} MiB`,
    },
    {
      ...row,
      name: "soak, descriptors",
      what: "more open descriptors of host and helper than then",
      figure: Math.max(0, end.descriptors - warm.descriptors),
      bound: 0,
    },
  ];
}
