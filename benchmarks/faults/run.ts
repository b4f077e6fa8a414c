/**
 * @module `npm run bench:faults`: that nothing is ever left behind, in figures, in a node namespace of its own.
 *
 * Prints a table, and exits with 1 when a bound is missed. `--quick` plays slices; `--minutes N` ends the matrix, and the model, after that time
 * each, with the same bounds: what was not played is missed; `--json` prints the JSON instead of the table; names of rows select them. What is
 * measured whole takes its place in benchmarks/faults.json at once: all of it takes more than an hour, and may be done a row at a time.
 */
import { join } from "node:path";
import { ensurePrerequisites } from "../../host/demo/prerequisites.ts";
import { environment } from "../support/context.ts";
import { enterNodeNamespace } from "../support/namespaces.ts";
import { ensureReferencePlugins } from "../support/reference.ts";
import { formatTable, isMet, type Row } from "../support/row.ts";
import { select } from "../support/selection.ts";
import { parseCampaign, type Campaign } from "./campaign.ts";
import { keepRows } from "./kept-rows.ts";
import { measureDrain } from "./drain.ts";
import { measureGoneNamespaces } from "./gone-namespaces.ts";
import { measureLedgerShare } from "./ledger-share.ts";
import { measureMatrix } from "./matrix.ts";
import { measureModel } from "./model.ts";
import { measureRecovery } from "./recovery.ts";
import { measureSoak } from "./soak.ts";

const MEASUREMENTS: Readonly<Record<string, (campaign: Campaign) => Promise<Row[]>>> = {
  "gone-namespaces": ({ isQuick }) => measureGoneNamespaces(isQuick),
  drain: ({ isQuick }) => measureDrain(isQuick),
  recovery: ({ isQuick }) => measureRecovery(isQuick),
  ledger: ({ isQuick }) => measureLedgerShare(isQuick),
  matrix: measureMatrix,
  model: measureModel,
  soak: ({ isQuick }) => measureSoak(isQuick),
};

const FILE = join(import.meta.dirname, "..", "faults.json");

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (process.getuid?.() !== 0) {
    console.error("the faults need root: they make network namespaces and kill what runs in them");
    return 1;
  }
  ensurePrerequisites({ forTests: true });
  ensureReferencePlugins();
  enterNodeNamespace(import.meta.filename, args);
  const { campaign, names } = parseCampaign(args);
  const rows: Row[] = [];
  for (const [name, measure] of select(MEASUREMENTS, names)) {
    console.error(`measuring ${name} …`);
    const measured = await measure(campaign);
    rows.push(...measured);
    if (!campaign.isQuick && campaign.budgetMs === undefined) keepRows(FILE, { group: name, rows: measured });
  }
  const results = { environment: environment(), ...campaign, rows: rows.map((row) => ({ ...row, met: isMet(row) })) };
  console.log(args.includes("--json") ? JSON.stringify(results, null, 2) : formatTable(rows, process.stdout.isTTY));
  return rows.every(isMet) ? 0 : 1;
}

process.exitCode = await main();
