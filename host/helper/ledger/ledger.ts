/**
 * @module Opens the ledger.
 */
import type { Ledger, LedgerOptions } from "./records.ts";

/**
 * Opens the ledger of a state directory that is there, and creates it when it is new.
 * @throws {CniError} stateUnusable when it cannot be opened, or was written by a newer release; then nothing is changed.
 */
export function openLedger(options: LedgerOptions): Ledger {
  throw new Error(`unreachable: ledger of ${options.stateDir} is not written yet`);
}
