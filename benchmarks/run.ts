/**
 * @module `npm run bench`: every figure that the README claims, measured in one run, in a node namespace of its own.
 *
 * Prints a table, writes benchmarks/results.json, and exits with 1 when a bound is missed. `--quick` takes fewer samples;
 * `--json` prints the JSON instead of the table; names of rows select them.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensurePrerequisites } from "../host/demo/prerequisites.ts";
import { type Context, createContext, environment } from "./support/context.ts";
import { enterNodeNamespace } from "./support/namespaces.ts";
import { formatTable, isMet, type Row } from "./support/row.ts";
import { select } from "./support/selection.ts";
import { measureAttach } from "./rows/attach.ts";
import { measureChainList } from "./rows/chain.ts";
import { measureCheck } from "./rows/check.ts";
import { measureMemory } from "./rows/memory.ts";
import { measureNoOp } from "./rows/no-op.ts";
import { measureNodeScale } from "./rows/node-scale.ts";
import { measureOperation } from "./rows/operation.ts";
import { measureParallel } from "./rows/parallel.ts";
import { measureScale } from "./rows/scale.ts";
import { measureShimChain } from "./rows/shim-chain.ts";
import { measureShim } from "./rows/shim.ts";
import { measureStatus } from "./rows/status.ts";
import { measureVersion } from "./rows/version.ts";

const MEASUREMENTS: Readonly<Record<string, (context: Context) => Promise<Row[]>>> = {
  attach: measureAttach,
  parallel: measureParallel,
  chain: measureChainList,
  check: measureCheck,
  "no-op": measureNoOp,
  operation: measureOperation,
  shim: measureShim,
  status: measureStatus,
  "shim-chain": measureShimChain,
  version: measureVersion,
  memory: measureMemory,
  scale: measureScale,
  "node-scale": measureNodeScale,
};

/** What is written, and printed with `--json`. */
function resultsOf({ isQuick }: Context, rows: readonly Row[]) {
  return { environment: environment(), quick: isQuick, rows: rows.map((row) => ({ ...row, met: isMet(row) })) };
}

function writeResults(results: unknown): void {
  writeFileSync(join(import.meta.dirname, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (process.getuid?.() !== 0) {
    console.error("the benchmarks need root: they make network namespaces and compare with plugins that run as root");
    return 1;
  }
  ensurePrerequisites();
  enterNodeNamespace(import.meta.filename, args);
  const wanted = args.filter((arg) => !arg.startsWith("--"));
  const measurements = select(MEASUREMENTS, wanted);
  await using context = await createContext(args.includes("--quick"));
  const rows: Row[] = [];
  for (const [name, measure] of measurements) {
    console.error(`measuring ${name} …`);
    const measured = await measure(context);
    console.error(formatTable(measured, process.stderr.isTTY));
    rows.push(...measured);
    // After each: what was measured is kept if the run is cut off.
    if (wanted.length === 0 && !context.isQuick) writeResults(resultsOf(context, rows));
  }
  const results = resultsOf(context, rows);
  console.log(args.includes("--json") ? JSON.stringify(results, null, 2) : formatTable(rows, process.stdout.isTTY));
  return rows.every(isMet) ? 0 : 1;
}

process.exitCode = await main();
