/**
 * @module Setting a ledger aside that is damaged: renamed, never removed and never written to.
 */
import { existsSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CniError } from "../../spec/error.ts";
import { Database } from "./database.ts";
import { COPIED_TABLES, copyRows } from "./raw.ts";
import type { CopiedRow, CopiedTable } from "./raw.ts";

/** SQLite's result codes of a file that is damaged, and of one that is no database. Source: sqlite3.h. */
const DAMAGED: readonly unknown[] = [11, 26];
/** Rows that are read at a time from what is damaged. */
const ROWS_AT_ONCE = 100;

/** What became of a ledger. */
export interface SetAside {
  /** Where it is now; `undefined`: it was not there, or is sound and empty. */
  readonly path: string | undefined;
  /** Rows that could be read from it. */
  readonly rows: readonly CopiedRow[];
}

/**
 * Sets a damaged ledger aside, and reads what can still be read of it.
 * @throws {CniError} stateUnusable when it is sound and has rows, or is of another release: then nothing is done.
 */
export function setLedgerAside(path: string, nowMs: number): SetAside {
  if (!existsSync(path)) return { path: undefined, rows: [] };
  if (!isDamaged(path)) {
    if (isEmpty(path)) return { path: undefined, rows: [] };
    throw new CniError("stateUnusable", `the ledger ${JSON.stringify(path)} is not damaged`, {
      details: "there is nothing to be made anew; cnidaria doctor compares it with the node",
    });
  }
  const rows = salvage(path);
  const aside = `${path}.damaged-${new Date(nowMs).toISOString().replaceAll(":", "-")}`;
  if (existsSync(aside)) throw new CniError("stateUnusable", `${JSON.stringify(aside)} is there already`);
  for (const suffix of ["-wal", "-shm", ""])
    if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${aside}${suffix}`);
  return { path: aside, rows };
}

/** Looks without writing. */
function isDamaged(path: string): boolean {
  try {
    using sqlite = new DatabaseSync(path, { readOnly: true });
    const version = sqlite.prepare("SELECT value FROM meta WHERE name = 'schema'").get();
    return version === undefined || sqlite.prepare("PRAGMA quick_check(1)").get()?.["quick_check"] !== "ok";
  } catch (error) {
    const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : undefined;
    const hasNoTables = error instanceof Error && /no such table/u.test(error.message);
    if (DAMAGED.includes(code) || hasNoTables) return true;
    throw new CniError("stateUnusable", `the ledger ${JSON.stringify(path)} cannot be read`, {
      details: error instanceof Error ? error.message : "",
      cause: error,
    });
  }
}

function isEmpty(path: string): boolean {
  using database = Database.open(path);
  return (["owned", "attachments", "leases"] as const).every(
    (table) => copyRows(database, { table, offset: 0, limit: 1 }).length === 0,
  );
}

/** Reads table by table until each fails. */
function salvage(path: string): readonly CopiedRow[] {
  return COPIED_TABLES.flatMap((table) => {
    const rows: CopiedRow[] = [];
    try {
      using database = Database.of(path, new DatabaseSync(path, { readOnly: true }));
      readInto(rows, database, table);
    } catch {
      // What cannot be read is why it is set aside.
    }
    return rows;
  });
}

/** What was read before it fails stays read. */
function readInto(rows: CopiedRow[], database: Database, table: CopiedTable): void {
  for (;;) {
    const some = copyRows(database, { table, offset: rows.length, limit: ROWS_AT_ONCE });
    rows.push(...some);
    if (some.length < ROWS_AT_ONCE) return;
  }
}
