/**
 * @module The audit log: append-only, each row's hash over the one before and itself.
 */
import { hash } from "node:crypto";
import type { AuditRow } from "../protocol.ts";
import type { Context } from "./database.ts";
import { whereOf } from "./filter.ts";
import type { AuditEntry, AuditFilter } from "./records.ts";

/** Hash before the first row ever. */
export const AUDIT_START_HASH = "0".repeat(64);
/** Rows that are read at a time for an export. */
const EXPORT_ROWS = 500;
/** Rows that may wait: a call that asks endlessly must not fill the memory. */
export const AUDIT_BUFFER_ROWS = 1_000;

const COLUMNS = `sequence, time_ms AS timeMs, operation_id AS operationId, call_id AS callId, event, network,
  container_id AS containerId, ifname, data, hash`;

type StoredRow = Omit<AuditRow, "callId"> & { readonly callId: string | null };
type UnhashedRow = Omit<AuditRow, "hash">;

/** Derives a row's hash: sha256, 64 hexadecimal digits, over the hash before it and every field in the order of the table. */
export function hashAuditRow(previousHash: string, row: UnhashedRow): string {
  const { sequence, timeMs, operationId, callId, event, network, containerId, ifname, data } = row;
  const fields = JSON.stringify([
    previousHash,
    sequence,
    timeMs,
    operationId,
    callId ?? null,
    event,
    network,
    containerId,
    ifname,
    data,
  ]);
  return hash("sha256", fields, "hex");
}

/** The table `audit`, and the rows that wait for the next flush. */
export class AuditTable {
  readonly #context: Context;
  readonly #now: () => number;
  #waiting: { readonly timeMs: number; readonly entry: AuditEntry }[] = [];

  constructor(context: Context, now: () => number) {
    this.#context = context;
    this.#now = now;
  }

  add(entry: AuditEntry): void {
    this.#waiting.push({ timeMs: this.#now(), entry });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Writes the rows that wait. Inside a transaction of the caller's, so that two helpers make one chain; they wait again if it is undone. */
  write(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#context.database.onRollback(() => this.#waiting.unshift(...waiting));
    let { sequence, hash: previous } = this.#last();
    for (const { timeMs, entry } of waiting) {
      const { operationId, callId, event, network, containerId, ifname } = entry;
      const data = JSON.stringify(entry.data);
      sequence++;
      previous = hashAuditRow(previous, {
        sequence,
        timeMs,
        operationId,
        callId,
        event,
        network,
        containerId,
        ifname,
        data,
      });
      this.#context.database.run(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        sequence,
        timeMs,
        operationId,
        callId ?? null,
        event,
        network,
        containerId,
        ifname,
        data,
        previous,
      );
    }
  }

  read({ containerId, operationId, limit }: AuditFilter): AuditRow[] {
    const where = whereOf({ container_id: containerId, operation_id: operationId });
    const sql = `SELECT ${COLUMNS} FROM audit WHERE ${where.sql} ORDER BY sequence DESC LIMIT ?`;
    return this.#context.database
      .rows<StoredRow>(sql, ...where.values, limit ?? -1)
      .map(auditRowOf)
      .toReversed();
  }

  *exportJsonLines(afterSequence: number): Iterable<string> {
    for (let after = afterSequence; ;) {
      const sql = `SELECT ${COLUMNS} FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?`;
      const rows = this.#context.database.rows<StoredRow>(sql, after, EXPORT_ROWS);
      for (const row of rows) yield `${JSON.stringify(auditRowOf(row))}\n`;
      const last = rows.at(-1);
      if (last === undefined) return;
      after = last.sequence;
    }
  }

  /**
   * Looks for the first row whose hash is not that of what it says and of the row before it; `undefined`: there is none. Of the oldest row
   * that is kept the one before may be gone: it is where the chain begins.
   */
  firstBroken(): number | undefined {
    let previous: string | undefined;
    for (let after = 0; ;) {
      const sql = `SELECT ${COLUMNS} FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?`;
      const rows = this.#context.database.rows<StoredRow>(sql, after, EXPORT_ROWS).map(auditRowOf);
      for (const row of rows) {
        const before = previous ?? (row.sequence === 1 ? AUDIT_START_HASH : undefined);
        if (before !== undefined && hashAuditRow(before, row) !== row.hash) return row.sequence;
        previous = row.hash;
        after = row.sequence;
      }
      if (rows.length === 0) return undefined;
    }
  }

  /** Removes the oldest rows. The newest one always stays: the next hash needs it. */
  rotate(keepRows: number): number {
    const { sequence } = this.#last();
    return this.#context.database.run("DELETE FROM audit WHERE sequence <= ?", sequence - Math.max(keepRows, 1))
      .changes;
  }

  #last(): { readonly sequence: number; readonly hash: string } {
    const sql = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
    return (
      this.#context.database.row<{ sequence: number; hash: string }>(sql) ?? { sequence: 0, hash: AUDIT_START_HASH }
    );
  }
}

function auditRowOf(row: StoredRow): AuditRow {
  return { ...row, callId: row.callId ?? undefined };
}
