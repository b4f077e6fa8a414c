/**
 * @module Owner and mode of what is in the state directory. Its folders are judged whenever a helper starts; this looks at the files as well.
 */
import { chmodSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "../../components/layout.ts";
import type { Difference } from "../truth-protocol.ts";

/** Files and folders that are looked at, at most. */
const ENTRIES_MAX = 100_000;
const WRITABLE_BY_OTHERS = 0o022;
const PERMISSIONS = 0o7777;

/** Looks at everything that decides what a plugin may do: components, grants, types, the ledger. With `isRepairing`, a mode is put right. */
export function examineDirectory(layout: Layout, isRepairing: boolean): readonly Difference[] {
  const { ledgerDir, componentsDir, grantsDir, typesDir, legacyDir } = layout;
  const differences: Difference[] = [];
  const waiting = [ledgerDir, componentsDir, grantsDir, typesDir, legacyDir];
  for (let seen = 0; seen < ENTRIES_MAX; seen++) {
    const path = waiting.pop();
    if (path === undefined) break;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    // It went meanwhile.
    if (stat === undefined) continue;
    if (stat.isDirectory()) waiting.push(...namesIn(path).map((name) => join(path, name)));
    if (stat.uid !== 0) differences.push(wrongOwner(path, stat.uid, isRepairing));
    else if (!stat.isSymbolicLink() && (stat.mode & WRITABLE_BY_OTHERS) !== 0)
      differences.push(wrongMode(path, stat.mode & PERMISSIONS, isRepairing));
  }
  return differences;
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** What somebody else wrote is not made trustworthy by changing its owner. */
function wrongOwner(path: string, uid: number, isRepairing: boolean): Difference {
  return {
    what: "directory",
    attachment: undefined,
    object: path,
    wanted: "root as its owner",
    found: `uid ${uid}`,
    advice: "find out who wrote it, and install the plugin again",
    repair: isRepairing ? "left" : undefined,
  };
}

function wrongMode(path: string, mode: number, isRepairing: boolean): Difference {
  if (isRepairing) chmodSync(path, mode & ~WRITABLE_BY_OTHERS);
  return {
    what: "directory",
    attachment: undefined,
    object: path,
    wanted: "a mode that lets root alone write to it",
    found: mode.toString(8).padStart(4, "0"),
    advice: `chmod go-w ${path}`,
    repair: isRepairing ? "repaired" : undefined,
  };
}
