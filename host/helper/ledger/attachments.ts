/**
 * @module Attachments after ADD.
 */
import type { AttachmentKey, AttachmentRecord, Digest } from "../protocol.ts";
import { recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { whereOf } from "./filter.ts";
import type { AttachmentStore } from "./records.ts";

const INSERT = `INSERT OR REPLACE INTO attachments
  (container_id, network, ifname, netns, cni_version, configuration, args, runtime_config, digests, result, created_at_ms, boot)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

interface Row {
  readonly container_id: string;
  readonly network: string;
  readonly ifname: string;
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

  get(key: AttachmentKey): AttachmentRecord | undefined {
    const row = this.#context.database.row<Row>(
      "SELECT * FROM attachments WHERE container_id = ? AND network = ? AND ifname = ?",
      key.containerId,
      key.network,
      key.ifname,
    );
    return row === undefined ? undefined : recordOf(row);
  }

  put(record: AttachmentRecord): void {
    const { containerId, network, ifname, netns, cniVersion, configuration, runtimeConfig, result, createdAtMs } =
      record;
    recorded(this.#context, "attachment", () =>
      this.#context.database.run(
        INSERT,
        containerId,
        network,
        ifname,
        netns,
        cniVersion,
        configuration,
        JSON.stringify(record.args),
        runtimeConfig,
        JSON.stringify(servedBy(record)),
        result ?? null,
        createdAtMs,
        this.#context.boot,
      ),
    );
  }

  delete(key: AttachmentKey): void {
    recorded(this.#context, "attachment-delete", () =>
      this.#context.database.run(
        "DELETE FROM attachments WHERE container_id = ? AND network = ? AND ifname = ?",
        key.containerId,
        key.network,
        key.ifname,
      ),
    );
  }

  list({ network, containerId }: { readonly network?: string; readonly containerId?: string }): AttachmentRecord[] {
    const where = whereOf({ container_id: containerId, network });
    const sql = `SELECT * FROM attachments WHERE ${where.sql} ORDER BY network, container_id, ifname`;
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
function servedBy({ digests, legacy }: AttachmentRecord): Readonly<Record<string, string>> {
  return { ...digests, ...Object.fromEntries(legacy.map((type) => [type, LEGACY])) };
}

function recordOf(row: Row): AttachmentRecord {
  const served = Object.entries(JSON.parse(row.digests) as Readonly<Record<string, string>>);
  return {
    network: row.network,
    containerId: row.container_id,
    ifname: row.ifname,
    netns: row.netns,
    cniVersion: row.cni_version,
    configuration: row.configuration,
    args: JSON.parse(row.args) as AttachmentRecord["args"],
    runtimeConfig: row.runtime_config,
    digests: Object.fromEntries(served.filter(([, by]) => by !== LEGACY)) as AttachmentRecord["digests"],
    legacy: served.filter(([, by]) => by === LEGACY).map(([type]) => type),
    result: row.result ?? undefined,
    createdAtMs: row.created_at_ms,
  };
}
