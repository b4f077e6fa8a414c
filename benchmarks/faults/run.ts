/**
 * @module `npm run bench:faults`: that nothing is ever left behind, in figures, in a node namespace of its own.
 *
 * Prints a table, writes benchmarks/faults.json, and exits with 1 when a bound is missed. `--quick` plays slices; `--json` prints the JSON
 * instead of the table; names of rows select them.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensurePrerequisites } from "../../host/demo/prerequisites.ts";
import { environment } from "../support/context.ts";
import { enterNodeNamespace } from "../support/namespaces.ts";
import { ensureReferencePlugins } from "../support/reference.ts";
import { formatTable, isMet, type Row } from "../support/row.ts";
import { measureDrain } from "./drain.ts";
import { measureGoneNamespaces } from "./gone-namespaces.ts";
import { measureLedgerShare } from "./ledger-share.ts";
import { measureMatrix } from "./matrix.ts";
import { measureModel } from "./model.ts";
import { measureRecovery } from "./recovery.ts";
import { measureSoak } from "./soak.ts";

const MEASUREMENTS: Readonly<Record<string, (isQuick: boolean) => Promise<Row[]>>> = {
  "gone-namespaces": measureGoneNamespaces,
  drain: measureDrain,
  recovery: measureRecovery,
  ledger: measureLedgerShare,
  matrix: measureMatrix,
  model: measureModel,
  soak: measureSoak,
};

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (process.getuid?.() !== 0) {
    console.error("the faults need root: they make network namespaces and kill what runs in them");
    return 1;
  }
  ensurePrerequisites({ forTests: true });
  ensureReferencePlugins();
  enterNodeNamespace(import.meta.filename, args);
  const isQuick = args.includes("--quick");
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(MEASUREMENTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`measuring ${name} …`);
    rows.push(...(await measure(isQuick)));
  }
  const results = {
    environment: environment(),
    quick: isQuick,
    rows: rows.map((row) => ({ ...row, met: isMet(row) })),
  };
  if (wanted.length === 0 && !isQuick)
    writeFileSync(join(import.meta.dirname, "..", "faults.json"), `${JSON.stringify(results, null, 2)}\n`);
  console.log(args.includes("--json") ? JSON.stringify(results, null, 2) : formatTable(rows, process.stdout.isTTY));
  return rows.every(isMet) ? 0 : 1;
}

process.exitCode = await main();
