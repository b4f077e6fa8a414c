/**
 * @module Somebody is struck at every fault point of every verb.
 */
import { playMatrix } from "../../test/crash/matrix.ts";
import { Theatre } from "../../test/crash/theatre.ts";
import type { Row } from "../support/row.ts";
import { SEED } from "./seed.ts";

const QUICK_MS = 60_000;
const LEAST = 500;
const LEAST_QUICK = 30;
const PROGRESS_EVERY = 100;

/** Measures the rows. */
export async function measureMatrix(isQuick: boolean): Promise<Row[]> {
  await using theatre = await Theatre.open();
  let played = 0;
  const outcome = await playMatrix(theatre, {
    seed: SEED,
    ...(isQuick ? { budgetMs: QUICK_MS } : {}),
    onPlayed: (title, problems) => {
      played += 1;
      for (const problem of problems) console.error(`${title}: ${problem}`);
      if (played % PROGRESS_EVERY === 0) console.error(`  ${played} faults`);
    },
  });
  const { reached, known, points, pairs, problems, missed } = outcome;
  const measured = { known, played: outcome.played, points: points.size, pairs: [...pairs], missed };
  return [
    {
      name: "matrix",
      what: "distinct kill points × victims × verbs reached",
      figure: reached,
      bound: isQuick ? LEAST_QUICK : LEAST,
      sense: "least",
      isRatio: false,
      measured,
      beside: `of ${known}; ${points.size} names of points, ${pairs.size} pairs of verb and victim`,
    },
    {
      name: "matrix, left",
      what: "objects, rows, leases, locks left or lost after the next start and DEL",
      figure: problems.length,
      bound: 0,
      sense: "most",
      isRatio: false,
      measured: { problems },
    },
  ];
}
