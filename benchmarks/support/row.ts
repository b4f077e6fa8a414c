/**
 * @module One row of the table: what was measured, the bound, and whether it holds.
 */
import { styleText } from "node:util";
import { short } from "./statistics.ts";

/** A bound and the figure held against it. */
export interface Row {
  readonly name: string;
  /** What is bounded, with its unit. */
  readonly what: string;
  readonly figure: number;
  readonly bound: number;
  /** `most`: the figure may not be above the bound; `least`: not below it. */
  readonly sense: "most" | "least";
  /** Of how many things the figure tells, where it tells of some: of none it tells nothing, and the bound does not hold. */
  readonly of?: number;
  /** Whether the bound is a ratio to something measured in the same run. */
  readonly isRatio: boolean;
  /** Everything else that was measured, for the JSON. */
  readonly measured: Readonly<Record<string, unknown>>;
  /** A line printed beside the row; `undefined`: none. */
  readonly beside?: string | undefined;
}

/** Tells whether a row's bound holds. */
export function isMet(row: Row): boolean {
  if (row.of === 0) return false;
  return row.sense === "most" ? row.figure <= row.bound : row.figure >= row.bound;
}

/** Formats rows for people. */
export function formatTable(rows: readonly Row[], colour: boolean): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  const paint = (format: "green" | "red" | "dim", text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  return rows
    .map((row) => {
      const verdict = isMet(row) ? paint("green", "met   ") : paint("red", "MISSED");
      const bound = `${row.sense === "most" ? "≤" : "≥"} ${short(row.bound)}`;
      const line = `${verdict} ${row.name.padEnd(width)}  ${short(row.figure).padStart(6)}  ${bound.padEnd(8)} ${row.what}`;
      return row.beside === undefined ? line : `${line}\n       ${paint("dim", row.beside)}`;
    })
    .join("\n");
}
