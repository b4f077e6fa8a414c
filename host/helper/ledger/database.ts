/**
 * @module The SQLite database under the ledger: opening, statements, transactions, errors.
 */
import { DatabaseSync } from "node:sqlite";
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { CniError } from "../../spec/error.ts";
import { withinPoints } from "../../spec/fault-points.ts";
import type { LedgerRecord } from "../../spec/fault-points.ts";
import { MIGRATIONS, SCHEMA, SCHEMA_VERSION } from "./schema.ts";

/** How long a helper waits for another one's transaction. */
const BUSY_TIMEOUT_MS = 10_000;
/** Pages of the write-ahead log after which SQLite copies them back, with an fsync: rare, and small enough to read fast. */
const CHECKPOINT_PAGES = 4_000;
/** Source: sqlite3.h, SQLITE_BUSY. */
const SQLITE_BUSY = 5;
/** Times that switching to WAL is tried while another helper does the same: SQLite does not wait there. */
const WAL_ATTEMPTS = 200;

/** What the stores of the ledger have in common: the database, and facts about this run. */
export interface Context {
  readonly database: Database;
  /** Row of this uptime of the machine in `boots`. */
  readonly boot: number;
}

/** Runs a write with the record's fault points around it. */
export function recorded<T>(record: LedgerRecord, write: () => T): T {
  return withinPoints(`ledger.${record}`, "", write);
}

/** One connection. Statements are prepared once. */
export class Database {
  readonly #path: string;
  readonly #sqlite: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  #onRollback: (() => void)[] = [];

  private constructor(path: string, sqlite: DatabaseSync) {
    this.#path = path;
    this.#sqlite = sqlite;
  }

  /**
   * Opens a database, makes its tables when it is new, and brings those of an earlier release up to this one.
   * @throws {CniError} stateUnusable when it cannot be opened or is of a newer release; then nothing is written.
   */
  static open(path: string): Database {
    let sqlite: DatabaseSync | undefined;
    try {
      sqlite = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      checkVersion(path, versionOf(sqlite));
      configure(sqlite);
      const database = new Database(path, sqlite);
      database.transaction(() => bringUp(path, database));
      return database;
    } catch (cause) {
      sqlite?.close();
      throw unusable(path, cause);
    }
  }

  /** Wraps a database that is open: nothing of it is checked. */
  static of(path: string, sqlite: DatabaseSync): Database {
    return new Database(path, sqlite);
  }

  /** Runs a statement that changes rows; gives the id of an inserted row and the number of changed ones. */
  run(sql: string, ...values: SQLInputValue[]): { readonly id: number; readonly changes: number } {
    try {
      const { lastInsertRowid, changes } = this.#prepared(sql).run(...values);
      return { id: Number(lastInsertRowid), changes: Number(changes) };
    } catch (cause) {
      throw unusable(this.#path, cause);
    }
  }

  /** Reads all rows of a query. The caller names their type: the schema is this release's. */
  rows<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    try {
      return this.#prepared(sql).all(...values) as Row[];
    } catch (cause) {
      throw unusable(this.#path, cause);
    }
  }

  /** Reads the first row of a query; `undefined`: there is none. */
  row<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    try {
      return this.#prepared(sql).get(...values) as Row | undefined;
    } catch (cause) {
      throw unusable(this.#path, cause);
    }
  }

  /** Runs `body` in one transaction that no other helper writes into; undone when it throws. One inside another is part of it. */
  transaction<T>(body: () => T): T {
    if (this.#depth > 0) return body();
    this.run("BEGIN IMMEDIATE");
    this.#depth++;
    try {
      const result = body();
      this.run("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#depth--;
      this.#onRollback = [];
    }
  }

  /** A number that is another one after another helper wrote. Source: sqlite.org/pragma.html, `data_version`. */
  get othersVersion(): number {
    return this.row<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
  }

  /** Has `restore` called if the transaction that is open is undone: for what was buffered outside the database. */
  onRollback(restore: () => void): void {
    if (this.#depth > 0) this.#onRollback.push(restore);
  }

  /** Runs SQL text of several statements, not kept. */
  script(sql: string): void {
    this.#sqlite.exec(sql);
  }

  /** Reads the version of its tables; `undefined`: it has none. */
  version(): number | undefined {
    return versionOf(this.#sqlite);
  }

  close(): void {
    if (this.#sqlite.isOpen) this.#sqlite.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#sqlite.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after some errors, a full disk among them.
    if (this.#sqlite.isTransaction) this.#sqlite.exec("ROLLBACK");
    for (const restore of this.#onRollback.toReversed()) restore();
  }
}

/** Reads the schema's version; `undefined`: the database is new. */
function versionOf(sqlite: DatabaseSync): number | undefined {
  const hasMeta = sqlite.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get() !== undefined;
  if (!hasMeta) return undefined;
  const row = sqlite.prepare("SELECT value FROM meta WHERE name = 'schema'").get();
  return row === undefined ? undefined : Number(row["value"]);
}

function checkVersion(path: string, found: number | undefined): void {
  if (found === undefined || found === SCHEMA_VERSION || Object.hasOwn(MIGRATIONS, found)) return;
  throw new CniError("stateUnusable", `ledger ${JSON.stringify(path)} has schema ${found}, wanted ${SCHEMA_VERSION}`, {
    details:
      "it was written by another release of Cnidaria and was not touched; use that release, or another state directory",
  });
}

function configure(sqlite: DatabaseSync): void {
  for (let attempt = 1; !switchToWal(sqlite, attempt === WAL_ATTEMPTS); attempt++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
  // After power loss the kernel objects are gone as well: the log need not be on the disk before the change is made.
  sqlite.exec(
    `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA temp_store = MEMORY`,
  );
}

function switchToWal(sqlite: DatabaseSync, isLastAttempt: boolean): boolean {
  try {
    sqlite.exec("PRAGMA journal_mode = WAL");
    return true;
  } catch (error) {
    if (isLastAttempt || errorCodeOf(error) !== SQLITE_BUSY) throw error;
    return false;
  }
}

/** In one transaction: another helper may do the same. */
function bringUp(path: string, database: Database): void {
  const found = database.version();
  if (found === SCHEMA_VERSION) return;
  // Read once more: a newer release may have been at it since.
  checkVersion(path, found);
  if (found === undefined) database.script(SCHEMA);
  for (let version = found ?? SCHEMA_VERSION; version < SCHEMA_VERSION; version++)
    database.script(MIGRATIONS[version] ?? "");
  database.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('schema', ?)", String(SCHEMA_VERSION));
}

/** SQLite's primary result code; `undefined`: not an error of SQLite's. */
function errorCodeOf(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}

/** What to do, by SQLite's result code. Source: sqlite3.h. */
const ADVICE: Readonly<Record<number, string>> = {
  5: "another helper keeps it locked: look for one that is stopped",
  8: "make the file system writable",
  11: "it is damaged: cnidaria ledger rebuild sets it aside and makes a new one of what the node says",
  13: "make room on the file system",
  14: "make the directory of the ledger writable",
  26: "it is no database: cnidaria ledger rebuild sets it aside and makes a new one of what the node says",
};

function unusable(path: string, cause: unknown): unknown {
  const code = errorCodeOf(cause);
  if (code === undefined || !(cause instanceof Error)) return cause;
  return new CniError("stateUnusable", `ledger ${JSON.stringify(path)}: ${cause.message}`, {
    details: ADVICE[code] ?? `SQLite's result code is ${code}`,
    cause,
  });
}
