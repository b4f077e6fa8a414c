/**
 * @module What is left of calls: in the ledger's own tables, as locks that somebody holds, as processes.
 */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { tryLock } from "../../host/kernel/flock.ts";
import { openLedger } from "../support/ledger.ts";

const TABLES = ["operations", "owned", "shared", "shared_users", "leases", "attachments"] as const;

/** Lines for the rows of the ledger, read from its file; empty: nothing is on record. */
export function rowsLeft(stateDir: string): readonly string[] {
  using database = openLedger(stateDir);
  return TABLES.flatMap((table) =>
    database
      .prepare(`SELECT * FROM ${table}`)
      .all()
      .map((row) => `${table} ${JSON.stringify(row)}`),
  );
}

/** Locks that somebody holds, and operations' lock files whoever holds them. */
export function locksLeft(stateDir: string): readonly string[] {
  const [calls, locks] = [join(stateDir, "calls"), join(stateDir, "locks")];
  return [
    ...readdirSync(calls).map((name) => join(calls, name)),
    ...readdirSync(locks)
      .map((name) => join(locks, name))
      .filter(isHeld),
  ];
}

function isHeld(path: string): boolean {
  using lock = tryLock(path);
  return lock === undefined;
}

/** A process that belongs to a state directory. */
export interface OwnProcess {
  readonly pid: number;
  readonly command: string;
}

/** Finds every process that lives in the state directory or names it: helpers, sandboxes, what starts them, hosts of their own. */
export function everyProcessOf(stateDir: string): readonly OwnProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const command = commandOf(name, stateDir);
      return command === undefined ? [] : [{ pid: Number(name), command }];
    });
}

/** `undefined`: it has nothing to do with the state directory, or ended. */
function commandOf(pid: string, stateDir: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    if (/^ [ZX]/u.test(stat.slice(stat.lastIndexOf(")") + 1))) return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return command.includes(stateDir) || readlinkSync(`/proc/${pid}/root`).startsWith(stateDir) ? command : undefined;
  } catch {
    return undefined;
  }
}
