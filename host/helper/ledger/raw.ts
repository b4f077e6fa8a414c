/**
 * @module Rows of the ledger as they are in its tables: for a copy of all of it, and for making a ledger anew of such a copy.
 */
import type { SQLInputValue } from "node:sqlite";
import * as z from "zod";
import type { Context, Database } from "./database.ts";

/** Tables of a copy, in the order in which they are made anew; each with the columns that tell its rows apart. */
const TABLES = {
  boots: "id",
  owned: "id",
  shared: "id",
  shared_users: "shared_id, container_id, network, ifname, digest",
  leases: "network, family, address",
  cursors: "network, set_index",
  attachments: "container_id, network, ifname, scope",
  audit: "sequence",
} as const;

/** A table of a copy. */
export type CopiedTable = keyof typeof TABLES;
/** All of them. */
export const COPIED_TABLES = Object.keys(TABLES) as readonly CopiedTable[];

const VALUE = z.union([z.string(), z.number(), z.null(), z.strictObject({ bytes: z.string().regex(/^[0-9a-f]*$/u) })]);
const LINE = z.strictObject({
  table: z.enum(COPIED_TABLES as [CopiedTable, ...CopiedTable[]]),
  row: z.record(z.string().regex(/^[a-z_]{1,40}$/u), VALUE),
});

/** A row of a copy: JSON can say all of it. */
export type CopiedRow = z.output<typeof LINE>;

/** Which part of a table. */
export interface CopiedPart {
  readonly table: CopiedTable;
  readonly offset: number;
  readonly limit: number;
}

/** Reads a part of a table. */
export function copyRows(database: Database, { table, offset, limit }: CopiedPart): readonly CopiedRow[] {
  const sql = `SELECT * FROM ${table} ORDER BY ${TABLES[table]} LIMIT ? OFFSET ?`;
  return database.rows<Record<string, unknown>>(sql, limit, offset).map((row) => ({ table, row: jsonOf(row) }));
}

function jsonOf(row: Record<string, unknown>): CopiedRow["row"] {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof Uint8Array ? { bytes: Buffer.from(value).toString("hex") } : (value as string | number | null),
    ]),
  );
}

/** Reads a line of a copy; `undefined`: it is none, or of another release. */
export function readCopied(line: string): CopiedRow | undefined {
  try {
    return LINE.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** Sorts rows of a copy: nothing of a former uptime is there any more, and what says none cannot be told from it. */
export function rowsOfUptime(
  rows: readonly CopiedRow[],
  bootId: string,
  uptimes: Set<number>,
): { readonly kept: readonly CopiedRow[]; readonly leftOut: number } {
  for (const { table, row } of rows)
    if (table === "boots" && row["boot_id"] === bootId && typeof row["id"] === "number") uptimes.add(row["id"]);
  const wanted = rows.filter(({ table }) => table !== "boots" && table !== "audit");
  // Where the search for a free address goes on is about no uptime.
  const kept = wanted.filter(
    ({ table, row }) => table === "cursors" || (typeof row["boot"] === "number" && uptimes.has(row["boot"])),
  );
  return { kept, leftOut: wanted.length - kept.length };
}

/**
 * Writes rows of a copy, as rows of this uptime; what is there already stays. Gives how many were written.
 * Those that this release's tables cannot hold are passed over.
 */
export function restoreRows({ database, boot }: Context, rows: readonly CopiedRow[]): number {
  return database.transaction(() => {
    let written = 0;
    for (const { table, row } of rows) {
      const columns = new Set(database.rows<{ name: string }>(`PRAGMA table_info(${table})`).map(({ name }) => name));
      const entries = Object.entries({ ...row, ...(columns.has("boot") ? { boot } : {}) });
      if (!entries.every(([column]) => columns.has(column))) continue;
      const names = entries.map(([column]) => column).join(", ");
      const marks = entries.map(() => "?").join(", ");
      const sql = `INSERT OR IGNORE INTO ${table} (${names}) VALUES (${marks})`;
      written += database.run(sql, ...entries.map(([, value]) => inputOf(value))).changes;
    }
    return written;
  });
}

function inputOf(value: CopiedRow["row"][string]): SQLInputValue {
  return typeof value === "object" && value !== null ? Buffer.from(value.bytes, "hex") : value;
}
