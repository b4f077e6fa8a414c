/**
 * @module Changes on record, written ahead.
 */
import type { Digest } from "../protocol.ts";
import { recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { whereOf } from "./filter.ts";
import type { Where } from "./filter.ts";
import type { Intent, JsonObject, JsonValue, OwnedFilter, OwnedRow, Owner } from "./records.ts";
import { tagOf } from "./tag.ts";

const INSERT = `INSERT INTO owned
  (operation_id, call_id, cookie, network, container_id, ifname, digest, kind, key, undo, replaced, description, is_done, boot)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

interface Row {
  readonly id: number;
  readonly operation_id: string;
  readonly call_id: string;
  readonly cookie: string;
  readonly network: string;
  readonly container_id: string;
  readonly ifname: string;
  readonly digest: Digest;
  readonly kind: string;
  readonly key: string;
  readonly undo: string;
  readonly replaced: string | null;
  readonly description: string;
  readonly is_done: number;
}

/** The table `owned`, and the marks on its rows that wait for the next write. */
export class OwnedTable {
  readonly #context: Context;
  #done = new Map<number, JsonObject | undefined>();
  #forgotten = new Set<number>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Writes a change down. The marks wait on: without them it is undone as well, since what is undone may not have been done. */
  intent(owner: Owner, intent: Intent): number {
    return recorded("intent", () => this.#insert(owner, intent));
  }

  markDone(id: number, undo: JsonObject | undefined): void {
    recorded("done", () => this.#done.set(id, undo));
  }

  markForgotten(id: number): void {
    recorded("forget", () => {
      this.#done.delete(id);
      this.#forgotten.add(id);
    });
  }

  get hasMarks(): boolean {
    return this.#done.size > 0 || this.#forgotten.size > 0;
  }

  /** Writes the marks that wait. Inside a transaction of the caller's; they wait again if that is undone. */
  writeMarks(): void {
    const { database } = this.#context;
    const [done, forgotten] = [this.#done, this.#forgotten];
    [this.#done, this.#forgotten] = [new Map(), new Set()];
    database.onRollback(() => {
      this.#done = new Map([...done, ...this.#done]);
      this.#forgotten = new Set([...forgotten, ...this.#forgotten]);
    });
    for (const [id, undo] of done) {
      if (undo === undefined) database.run("UPDATE owned SET is_done = 1 WHERE id = ?", id);
      else database.run("UPDATE owned SET is_done = 1, undo = ? WHERE id = ?", JSON.stringify(undo), id);
    }
    for (const id of forgotten) database.run("DELETE FROM owned WHERE id = ?", id);
  }

  /** Rows that match, first made first, with the marks that wait. */
  list(filter: OwnedFilter): OwnedRow[] {
    const where = whereOfOwned(filter);
    return this.#context.database
      .rows<Row>(`SELECT * FROM owned WHERE ${where.sql} ORDER BY id`, ...where.values)
      .filter(({ id }) => !this.#forgotten.has(id))
      .map((row) => this.#marked(ownedRowOf(row)));
  }

  /** Tells whether a row matches, marked to be forgotten or not. */
  has(filter: OwnedFilter): boolean {
    const where = whereOfOwned(filter);
    const sql = `SELECT 1 FROM owned WHERE ${where.sql} LIMIT 1`;
    return this.#context.database.row(sql, ...where.values) !== undefined;
  }

  /** Gives the first row that matches and is not to be forgotten, without reading all of them; `undefined`: there is none. */
  find(filter: OwnedFilter, otherThan: number): OwnedRow | undefined {
    const where = whereOfOwned(filter);
    const limit = this.#forgotten.size + 1;
    const row = this.#context.database
      .rows<Row>(`SELECT * FROM owned WHERE ${where.sql} AND id <> ? LIMIT ?`, ...where.values, otherThan, limit)
      .find(({ id }) => !this.#forgotten.has(id));
    return row === undefined ? undefined : this.#marked(ownedRowOf(row));
  }

  #marked(row: OwnedRow): OwnedRow {
    if (!this.#done.has(row.id)) return row;
    return { ...row, state: "done", undo: this.#done.get(row.id) ?? row.undo };
  }

  #insert(owner: Owner, { operationId, callId, kind, key, undo, replaced, description, isDone }: Intent): number {
    const { database, boot } = this.#context;
    const { nodeNetnsCookie, network, containerId, ifname, digest } = owner;
    const undoText = JSON.stringify(undo);
    const replacedText = replaced === undefined ? null : JSON.stringify(replaced);
    return database.run(
      INSERT,
      operationId,
      callId,
      nodeNetnsCookie,
      network,
      containerId,
      ifname,
      digest,
      kind,
      key,
      undoText,
      replacedText,
      description,
      isDone === true ? 1 : 0,
      boot,
    ).id;
  }
}

function whereOfOwned(filter: OwnedFilter): Where {
  const { operationId, attachment, network, containerId, kind, key, digest, nodeNetnsCookie } = filter;
  return whereOf({
    operation_id: operationId,
    container_id: attachment?.containerId ?? containerId,
    network: attachment?.network ?? network,
    ifname: attachment?.ifname,
    kind,
    key,
    digest,
    cookie: nodeNetnsCookie,
  });
}

function ownedRowOf(row: Row): OwnedRow {
  const owner: Owner = {
    nodeNetnsCookie: row.cookie,
    network: row.network,
    containerId: row.container_id,
    ifname: row.ifname,
    digest: row.digest,
  };
  return {
    ...owner,
    id: row.id,
    operationId: row.operation_id,
    callId: row.call_id,
    kind: row.kind,
    key: row.key,
    undo: JSON.parse(row.undo) as JsonObject,
    replaced: row.replaced === null ? undefined : (JSON.parse(row.replaced) as JsonValue),
    description: row.description,
    state: row.is_done === 1 ? "done" : "intent",
    tag: tagOf(owner),
  };
}
