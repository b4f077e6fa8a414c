/**
 * @module Verbs under way.
 */
import { recorded } from "./database.ts";
import type { Context } from "./database.ts";
import type { OperationRecord } from "./records.ts";

const COLUMNS = `id, cookie AS nodeNetnsCookie, network, container_id AS containerId, ifname, verb,
  started_at_ms AS startedAtMs, origin, helper_pid AS helperPid, within`;

const INSERT = `INSERT INTO operations
  (id, cookie, network, container_id, ifname, verb, started_at_ms, origin, helper_pid, boot, within)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** The table `operations`. */
export class OperationTable {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  open({
    id,
    nodeNetnsCookie,
    network,
    containerId,
    ifname,
    verb,
    startedAtMs,
    origin,
    helperPid,
    within,
  }: OperationRecord): void {
    recorded("operation", () =>
      this.#context.database.run(
        INSERT,
        id,
        nodeNetnsCookie,
        network,
        containerId,
        ifname,
        verb,
        startedAtMs,
        origin,
        helperPid,
        this.#context.boot,
        within,
      ),
    );
  }

  close(id: string): void {
    recorded("close", () => this.#context.database.run("DELETE FROM operations WHERE id = ?", id));
  }

  read(id: string): OperationRecord | undefined {
    return this.#context.database.row<OperationRecord>(`SELECT ${COLUMNS} FROM operations WHERE id = ?`, id);
  }

  list(nodeNetnsCookie: string): OperationRecord[] {
    const sql = `SELECT ${COLUMNS} FROM operations WHERE cookie = ? ORDER BY started_at_ms, id`;
    return this.#context.database.rows<OperationRecord>(sql, nodeNetnsCookie);
  }
}
