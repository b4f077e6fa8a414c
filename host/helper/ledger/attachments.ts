/**
 * @module Attachments after ADD.
 */
import type { AttachmentKey, AttachmentRecord, Digest, Scope } from "../protocol.ts";
import { recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { whereOf } from "./filter.ts";
import type { AttachmentStore } from "./attachment-store.ts";

const INSERT = `INSERT OR REPLACE INTO attachments
  (container_id, network, ifname, scope, netns, cni_version, configuration, args, runtime_config, digests, result, created_at_ms,
   operation_id, boot)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

interface Row {
  readonly container_id: string;
  readonly network: string;
  readonly ifname: string;
  readonly scope: Scope;
  readonly netns: string;
  readonly cni_version: string;
  readonly configuration: string;
  readonly args: string;
  readonly runtime_config: string;
  readonly digests: string;
  readonly result: string | null;
  readonly created_at_ms: number;
}

/** The table `attachments`. */
export class AttachmentTable implements AttachmentStore {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  get(key: AttachmentKey, scope: Scope): AttachmentRecord | undefined {
    return this.scopesOf(key).find((record) => record.scope === scope);
  }

  scopesOf({ containerId, network, ifname }: AttachmentKey): AttachmentRecord[] {
    return this.#context.database
      .rows<Row>(
        "SELECT * FROM attachments WHERE container_id = ? AND network = ? AND ifname = ? ORDER BY created_at_ms",
        containerId,
        network,
        ifname,
      )
      .map(recordOf);
  }

  put(record: AttachmentRecord, operationId: string): void {
    const { containerId, network, ifname, scope, netns, cniVersion, configuration, runtimeConfig, result } = record;
    recorded("attachment", () =>
      this.#context.database.run(
        INSERT,
        containerId,
        network,
        ifname,
        scope,
        netns,
        cniVersion,
        configuration,
        JSON.stringify(record.args),
        runtimeConfig,
        JSON.stringify(servedBy(record)),
        result ?? null,
        record.createdAtMs,
        operationId,
        this.#context.boot,
      ),
    );
  }

  delete({ containerId, network, ifname }: AttachmentKey, scope?: Scope): void {
    const where = whereOf({ container_id: containerId, network, ifname, scope });
    recorded("attachment-delete", () =>
      this.#context.database.run(`DELETE FROM attachments WHERE ${where.sql}`, ...where.values),
    );
  }

  keepOnly(
    { containerId, network, ifname, scope, legacy }: AttachmentRecord,
    digests: AttachmentRecord["digests"],
  ): void {
    recorded("attachment", () =>
      this.#context.database.run(
        "UPDATE attachments SET digests = ? WHERE container_id = ? AND network = ? AND ifname = ? AND scope = ?",
        JSON.stringify(servedBy({ digests, legacy })),
        containerId,
        network,
        ifname,
        scope,
      ),
    );
  }

  deleteMadeBy(operationId: string, containerId: string): void {
    recorded("attachment-delete", () =>
      this.#context.database.run(
        "DELETE FROM attachments WHERE container_id = ? AND operation_id = ?",
        containerId,
        operationId,
      ),
    );
  }

  list({ network, containerId }: { readonly network?: string; readonly containerId?: string }): AttachmentRecord[] {
    const where = whereOf({ container_id: containerId, network });
    const sql = `SELECT * FROM attachments WHERE ${where.sql} ORDER BY network, container_id, ifname, scope`;
    return this.#context.database.rows<Row>(sql, ...where.values).map(recordOf);
  }

  countByDigest(digest: Digest): number {
    const sql = "SELECT count(*) AS count FROM attachments WHERE instr(digests, ?) > 0";
    return this.#context.database.row<{ count: number }>(sql, digest)?.count ?? 0;
  }
}

/** What the column `digests` has for a type whose executable took part. */
const LEGACY = "legacy";

/** Gives what served each type: a component's digest, or {@link LEGACY}. */
function servedBy({ digests, legacy }: Pick<AttachmentRecord, "digests" | "legacy">): Readonly<Record<string, string>> {
  return { ...digests, ...Object.fromEntries(legacy.map((type) => [type, LEGACY])) };
}

function recordOf(row: Row): AttachmentRecord {
  const served = Object.entries(readJson<Readonly<Record<string, unknown>>>(row.digests, {}));
  return {
    network: row.network,
    containerId: row.container_id,
    ifname: row.ifname,
    scope: row.scope,
    netns: row.netns,
    cniVersion: row.cni_version,
    configuration: row.configuration,
    args: readJson<AttachmentRecord["args"]>(row.args, []),
    runtimeConfig: row.runtime_config,
    digests: Object.fromEntries(served.filter(([, by]) => by !== LEGACY)) as AttachmentRecord["digests"],
    legacy: served.filter(([, by]) => by === LEGACY).map(([type]) => type),
    result: row.result ?? undefined,
    createdAtMs: row.created_at_ms,
  };
}

/** Reads what a release of ours wrote. What was damaged since counts as empty: it must not keep DEL from its work. */
function readJson<T extends object>(text: string, empty: T): T {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && Array.isArray(value) === Array.isArray(empty)
      ? (value as T)
      : empty;
  } catch {
    return empty;
  }
}
