/**
 * @module Whether others than root can change what is at a path.
 */
import { lstatSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname } from "node:path";
import { CniError } from "../spec/error.ts";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Checks that only root can change what is at a path: the thing itself and every directory above it.
 * A sticky directory, such as /tmp, does for those above and not for the thing itself.
 * @throws {CniError} stateUnusable naming the part that is not.
 */
export function checkRootOnly(path: string): void {
  for (let part = path; ; part = dirname(part)) {
    const stat = lstatSync(part);
    const isSticky = part !== path && (stat.mode & STICKY) !== 0;
    if (stat.uid !== 0) throw notRootOnly(part, `belongs to uid ${stat.uid}`);
    if (!isSticky && isWritableByOthers(stat)) throw notRootOnly(part, `has mode ${(stat.mode & 0o7777).toString(8)}`);
    if (part === dirname(part)) return;
  }
}

function notRootOnly(part: string, what: string): CniError {
  return new CniError(
    "stateUnusable",
    `${JSON.stringify(part)} ${what}: others than root may change what root would run`,
    {
      details: "every part of the path must be root's and writable by root only",
    },
  );
}

/** Tells whether group or others may write. */
export function isWritableByOthers(stat: Stats): boolean {
  return (stat.mode & WRITABLE_BY_OTHERS) !== 0;
}
