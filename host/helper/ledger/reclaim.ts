/**
 * @module What a restart of the machine takes with it: namespaces, kernel objects, operations, and so every record of them.
 */
import type { Context } from "./database.ts";
import type { Reclaimed } from "./records.ts";

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

/**
 * Removes the records of former uptimes. No network namespace outlives its kernel: what is at the path of an old one is another,
 * and the cookies by which the ledger tells them apart are given from the beginning again.
 */
export function reclaim({ database, boot }: Context): Reclaimed {
  return database.transaction(() => {
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
