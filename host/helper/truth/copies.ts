/**
 * @module Copies of the ledger, part by part.
 */
import { CniError } from "../../spec/error.ts";
import { COPIED_TABLES, readCopied, rowsOfUptime } from "../ledger/raw.ts";
import type { HelperState } from "../state.ts";
import type { CopyLedger } from "../truth-protocol.ts";

/** Rows of one part: a configuration may have a hundred kilobytes. */
const ROWS_OF_PART = 100;

/**
 * Gives a part of a table; fewer rows than that are its end, and so is none.
 * @throws {CniError} helperFailed when there is no such table.
 */
export function copyLedger(
  { ledger }: HelperState,
  { table, offset }: CopyLedger,
): { readonly rows: readonly unknown[] } {
  const known = COPIED_TABLES.find((each) => each === table);
  if (known === undefined) throw new CniError("helperFailed", `a copy has no table ${JSON.stringify(table)}`);
  return { rows: ledger.copy({ table: known, offset, limit: ROWS_OF_PART }) };
}

/**
 * Writes lines of a copy, as far as they are of this uptime. Those about the log are passed over: a chain of hashes has one beginning.
 * @throws {CniError} helperFailed unless the helper was started to make the ledger anew.
 */
export function restoreLedger(
  { ledger, rebuilding }: HelperState,
  { lines }: { readonly lines: readonly string[] },
): { readonly restored: number; readonly refused: number } {
  if (rebuilding === undefined)
    throw new CniError("helperFailed", "the helper was not started to make the ledger anew");
  const rows = lines.map(readCopied);
  const found = rows.filter((row) => row !== undefined);
  const { kept, leftOut } = rowsOfUptime(found, ledger.bootId, rebuilding.uptimes);
  const restored = ledger.restore(kept);
  rebuilding.restored += restored;
  rebuilding.leftOut += leftOut;
  return { restored, refused: rows.filter((row) => row === undefined).length };
}
