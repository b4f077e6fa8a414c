/**
 * @module Things that attachments share: counted users, one maker, one deleter.
 */
import type { AttachmentKey } from "../protocol.ts";
import { recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { whereOf } from "./filter.ts";
import type { Where } from "./filter.ts";
import type {
  JsonObject,
  Owner,
  SharedFilter,
  SharedRow,
  SharedStore,
  SharedThing,
  SharedUser,
  ShareOutcome,
} from "./records.ts";

interface Row {
  readonly id: number;
  readonly cookie: string;
  readonly network: string;
  readonly kind: string;
  readonly key: string;
  readonly state: SharedRow["state"];
  readonly operation_id: string;
  readonly undo: string;
  readonly description: string;
}

/** The tables `shared` and `shared_users`. */
export class SharedTable implements SharedStore {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  share(owner: Owner, thing: SharedThing): ShareOutcome {
    const { database } = this.#context;
    return recorded("share", () =>
      database.transaction(() => {
        const found = this.find(owner.nodeNetnsCookie, thing.kind, thing.key);
        const state = found === undefined ? "created" : this.#judge(found, thing.operationId);
        if (found !== undefined && (state === "creating" || state === "deleting")) return { state, row: found };
        const row = found !== undefined && state === "joined" ? found : this.#read(this.#claim(owner, thing, found));
        this.#addUser(row.id, owner, thing.operationId);
        return { state, row };
      }),
    );
  }

  ready(id: number, undo?: JsonObject): void {
    const text = undo === undefined ? null : JSON.stringify(undo);
    recorded("ready", () =>
      this.#context.database.run("UPDATE shared SET state = 'ready', undo = coalesce(?, undo) WHERE id = ?", text, id),
    );
  }

  unshare(
    id: number,
    user: SharedUser,
    operationId: string,
  ): { readonly last: boolean; readonly row: SharedRow } | undefined {
    const { database } = this.#context;
    const where = whereOfUser(user);
    return recorded("unshare", () =>
      database.transaction(() => {
        const { changes } = database.run(
          `DELETE FROM shared_users WHERE shared_id = ? AND ${where.sql}`,
          id,
          ...where.values,
        );
        if (changes === 0) return undefined;
        const last = database.row("SELECT 1 FROM shared_users WHERE shared_id = ? LIMIT 1", id) === undefined;
        if (last) database.run("UPDATE shared SET state = 'deleting', operation_id = ? WHERE id = ?", operationId, id);
        return { last, row: this.#read(id) };
      }),
    );
  }

  removed(id: number): void {
    recorded("removed", () => this.#context.database.run("DELETE FROM shared WHERE id = ? AND state = 'deleting'", id));
  }

  list({ user, joinedBy, busyWith, network, kind, key, nodeNetnsCookie }: SharedFilter): SharedRow[] {
    const own = whereOf({
      "shared.network": network,
      kind,
      key,
      cookie: nodeNetnsCookie,
      "shared.operation_id": busyWith,
    });
    const users = user === undefined ? whereOf({ operation_id: joinedBy }) : whereOfUser({ joinedBy, ...user });
    const used = users.values.length === 0 ? "1" : `id IN (SELECT shared_id FROM shared_users WHERE ${users.sql})`;
    const busy = busyWith === undefined ? "1" : "state <> 'ready'";
    return this.#context.database
      .rows<Row>(
        `SELECT * FROM shared WHERE ${own.sql} AND ${busy} AND ${used} ORDER BY id`,
        ...own.values,
        ...users.values,
      )
      .map(sharedRowOf);
  }

  find(cookie: string, kind: string, key: string): SharedRow | undefined {
    const row = this.#context.database.row<Row>(
      "SELECT * FROM shared WHERE cookie = ? AND kind = ? AND key = ?",
      cookie,
      kind,
      key,
    );
    return row === undefined ? undefined : sharedRowOf(row);
  }

  usedBy(network: string, { kind, nodeNetnsCookie }: Pick<SharedFilter, "kind" | "nodeNetnsCookie">): SharedRow[] {
    const where = whereOf({ kind, cookie: nodeNetnsCookie });
    const used = "EXISTS (SELECT 1 FROM shared_users WHERE shared_id = shared.id AND shared_users.network = ?)";
    const sql = `SELECT * FROM shared WHERE ${where.sql} AND ${used} ORDER BY id`;
    return this.#context.database.rows<Row>(sql, ...where.values, network).map(sharedRowOf);
  }

  users(id: number): AttachmentKey[] {
    return this.#context.database.rows<{ network: string; containerId: string; ifname: string }>(
      "SELECT DISTINCT network, container_id AS containerId, ifname FROM shared_users WHERE shared_id = ?",
      id,
    );
  }

  #read(id: number): SharedRow {
    const row = this.#context.database.row<Row>("SELECT * FROM shared WHERE id = ?", id);
    if (row === undefined) throw new Error(`unreachable: shared row ${id} is gone inside its transaction`);
    return sharedRowOf(row);
  }

  #judge(found: SharedRow, operationId: string): ShareOutcome["state"] {
    if (found.state === "ready") return "joined";
    if (found.state === "creating" && found.operationId === operationId) return "created";
    // Left half-way by an operation that was closed with failures: nobody else will finish it.
    const isUnderWay =
      this.#context.database.row("SELECT 1 FROM operations WHERE id = ?", found.operationId) !== undefined;
    return isUnderWay ? found.state : "created";
  }

  /** Makes the row, or takes one over that was left half-way. */
  #claim(
    owner: Owner,
    { kind, key, operationId, undo, description }: SharedThing,
    found: SharedRow | undefined,
  ): number {
    const { database, boot } = this.#context;
    const text = JSON.stringify(undo);
    if (found === undefined) {
      return database.run(
        `INSERT INTO shared (cookie, kind, key, network, state, operation_id, undo, description, boot)
         VALUES (?, ?, ?, ?, 'creating', ?, ?, ?, ?)`,
        owner.nodeNetnsCookie,
        kind,
        key,
        owner.network,
        operationId,
        text,
        description,
        boot,
      ).id;
    }
    database.run(
      "UPDATE shared SET state = 'creating', network = ?, operation_id = ?, undo = ?, description = ? WHERE id = ?",
      owner.network,
      operationId,
      text,
      description,
      found.id,
    );
    return found.id;
  }

  /** A user that is there already keeps the operation that made it one: a later failure must not take it away. */
  #addUser(id: number, { containerId, network, ifname, digest }: Owner, operationId: string): void {
    this.#context.database.run(
      `INSERT OR IGNORE INTO shared_users (shared_id, container_id, network, ifname, digest, operation_id, boot)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      id,
      containerId,
      network,
      ifname,
      digest,
      operationId,
      this.#context.boot,
    );
  }
}

function whereOfUser({ containerId, network, ifname, digests, joinedBy }: SharedUser): Where {
  return whereOf({ container_id: containerId, network, ifname, digest: digests, operation_id: joinedBy });
}

function sharedRowOf(row: Row): SharedRow {
  return {
    id: row.id,
    nodeNetnsCookie: row.cookie,
    network: row.network,
    kind: row.kind,
    key: row.key,
    state: row.state,
    operationId: row.operation_id,
    undo: JSON.parse(row.undo) as JsonObject,
    description: row.description,
  };
}
