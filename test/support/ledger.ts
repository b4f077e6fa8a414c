/**
 * @module The ledger of a test's state directory: its file, and what is said of its rows.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Difference, Host } from "../../host/index.ts";

/** Longest time that another process may have it locked, in ms. */
const LOCK_MS = 5000;

/** Opens the ledger's file beside a helper that may be at it. The caller disposes of it. */
export function openLedger(stateDir: string): DatabaseSync {
  return new DatabaseSync(join(stateDir, "ledger", "ledger.db"), { timeout: LOCK_MS });
}

/** Gives the name of the node's end of a container's pair; the empty text: none is on record. */
export async function nodeEndOf(host: Host, containerId: string): Promise<string> {
  const rows = await host.ledger({ containerId });
  return /^veth (\S+)/u.exec(rows.find(({ kind }) => kind === "veth")?.description ?? "")?.[1] ?? "";
}

/** Says of each difference what it is, of what, and what became of it. */
export function said(differences: readonly Difference[]): readonly string[] {
  return differences.map(({ what, object, repair }) => `${what} ${object}${repair === undefined ? "" : ` ${repair}`}`);
}
