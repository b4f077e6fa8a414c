/**
 * @module The file of figures: a group of rows for each measurement, each with when and on what it was made.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { environment } from "../support/context.ts";
import { isMet, type Row } from "../support/row.ts";

/** What one measurement gave. */
export interface Measured {
  /** Name of the measurement. */
  readonly group: string;
  readonly rows: readonly Row[];
}

/** Puts the rows of a measurement in the place of its older ones; those of others stay. */
export function keepRows(file: string, { group, rows }: Measured): void {
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>) : {};
  kept[group] = { ...environment(), commit: commit(), rows: rows.map((row) => ({ ...row, met: isMet(row) })) };
  writeFileSync(file, `${JSON.stringify(kept, null, 2)}\n`);
}

/** What was measured; `null`: the source is no repository. */
function commit(): string | null {
  try {
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: import.meta.dirname, encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}
