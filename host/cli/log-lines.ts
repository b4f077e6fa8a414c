/**
 * @module The audit log as lines for people.
 */
import type { AuditRow } from "../index.ts";
import { dim, formatTable } from "./table.ts";
import type { PrintStyle } from "./table.ts";

/** Gives one line per record: when, which call, about whom, what. */
export function formatLog(rows: readonly AuditRow[], style: PrintStyle): string[] {
  const cells = rows.map((row) => [
    new Date(row.timeMs).toISOString(),
    row.operationId.slice(0, 8),
    [row.network, row.containerId, row.ifname].filter((part) => part !== "").join("/"),
    row.event,
    row.data,
  ]);
  const lines = formatTable(["TIME", "CALL", "ATTACHMENT", "EVENT", "DATA"], cells, style);
  return rows.length === 0 ? [dim("(nothing is on record)", style)] : lines;
}
