/**
 * @module Looking for damage in the ledger's file.
 */
import { AuditTable } from "./audit.ts";
import type { Database } from "./database.ts";

/** Problems of the file that are listed at most. */
const PROBLEMS_MAX = 20;

/** What is damaged. */
export interface LedgerProblem {
  readonly what: "database" | "log";
  readonly found: string;
}

/** Looks. Throws as the database does when it cannot even be read. */
export function examineLedger(database: Database): readonly LedgerProblem[] {
  const rows = database.rows<{ quick_check: string }>(`PRAGMA quick_check(${PROBLEMS_MAX})`);
  const damaged = rows.map(({ quick_check }) => quick_check).filter((text) => text !== "ok");
  if (damaged.length > 0) return damaged.map((found) => ({ what: "database", found }));
  const broken = new AuditTable({ database, boot: 0 }, () => 0).firstBroken();
  return broken === undefined ? [] : [{ what: "log", found: `row ${broken} is not what was written` }];
}
