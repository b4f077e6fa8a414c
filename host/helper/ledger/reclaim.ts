/**
 * @module What a restart of the machine takes with it: kernel objects, operations, and leases of containers that are no more.
 */
import type { AttachmentRecord } from "../protocol.ts";
import type { Context } from "./database.ts";
import type { AttachmentStore, Reclaimed } from "./records.ts";

/** Finds or makes the row of this uptime, and tells whether there is an earlier one. */
export function readBoot(
  database: Context["database"],
  bootId: string,
): { readonly boot: number; readonly rebooted: boolean } {
  return database.transaction(() => {
    database.run("INSERT OR IGNORE INTO boots (boot_id) VALUES (?)", bootId);
    const boot = database.row<{ id: number }>("SELECT id FROM boots WHERE boot_id = ?", bootId)?.id ?? 0;
    const rebooted = database.row("SELECT 1 FROM boots WHERE id <> ? LIMIT 1", boot) !== undefined;
    return { boot, rebooted };
  });
}

/** Removes the records of former uptimes. Those of attachments that live on are kept and count as this uptime's. */
export function reclaim(
  { database, boot }: Context,
  attachments: AttachmentStore,
  isAlive: (attachment: AttachmentRecord) => boolean,
): Reclaimed {
  return database.transaction(() => {
    for (const attachment of attachments.list({})) if (isAlive(attachment)) keep({ database, boot }, attachment);
    const remove = (table: string): number => database.run(`DELETE FROM ${table} WHERE boot <> ?`, boot).changes;
    remove("shared_users");
    const reclaimed = {
      owned: remove("owned"),
      shared: remove("shared"),
      leases: remove("leases"),
      attachments: remove("attachments"),
      operations: remove("operations"),
    };
    database.run("DELETE FROM boots WHERE id <> ?", boot);
    return reclaimed;
  });
}

function keep(
  { database, boot }: Pick<Context, "database" | "boot">,
  { containerId, network, ifname }: AttachmentRecord,
): void {
  for (const table of ["owned", "leases", "attachments"]) {
    const sql = `UPDATE ${table} SET boot = ? WHERE container_id = ? AND network = ? AND ifname = ?`;
    database.run(sql, boot, containerId, network, ifname);
  }
}
