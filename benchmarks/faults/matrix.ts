/**
 * @module Somebody is struck at every fault point of every verb.
 */
import { playMatrix } from "../../test/crash/matrix.ts";
import { Theatre } from "../../test/crash/theatre.ts";
import type { Row } from "../support/row.ts";
import type { Campaign } from "./campaign.ts";
import { SEED } from "./seed.ts";

const QUICK_MS = 60_000;
const LEAST = 500;
const LEAST_QUICK = 30;
const PROGRESS_EVERY = 50;

/** Measures the rows. */
export async function measureMatrix({ isQuick, budgetMs = isQuick ? QUICK_MS : undefined }: Campaign): Promise<Row[]> {
  await using theatre = await Theatre.open();
  let played = 0;
  const outcome = await playMatrix(theatre, {
    seed: SEED,
    ...(budgetMs === undefined ? {} : { budgetMs }),
    onPlayed: (title, problems, known) => {
      played += 1;
      for (const problem of problems) console.error(`${title}: ${problem}`);
      if (played % PROGRESS_EVERY === 0) console.error(`  ${played} of ${known} faults`);
    },
  });
  const { reached, known, points, pairs, problems, missed } = outcome;
  const measured = { budgetMs, known, played: outcome.played, reached, points: points.size, pairs: [...pairs], missed };
  return [
    {
      name: "matrix",
      what: "distinct kill points × victims × verbs reached",
      figure: reached,
      bound: isQuick ? LEAST_QUICK : LEAST,
      sense: "least",
      isRatio: false,
      measured,
      beside: `${outcome.played} of ${known} were played; ${points.size} names of points, ${pairs.size} pairs of verb and victim`,
    },
    {
      name: "matrix, left",
      what: `objects, rows, leases, locks left or lost after the next start and DEL, of ${outcome.played} faults`,
      figure: problems.length,
      bound: 0,
      sense: "most",
      isRatio: false,
      of: outcome.played,
      measured: { played: outcome.played, problems },
    },
  ];
}
