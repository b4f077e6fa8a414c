/**
 * @module Removes roots of sandboxes that can never be used again, because a file they were made of has changed or is gone.
 */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "../../components/layout.ts";
import { tryLock } from "../../kernel/flock.ts";
import { COPIES_FOLDER, identityIfThere, rootLockOf, sourcesFileOf } from "./sandbox-root.ts";
import type { Sources } from "./sandbox-root.ts";
import { ageMsOf } from "../age.ts";

/** Names of roots. */
const ROOT = /^[0-9a-f]{32}$/u;
/** Names of what is built, or was and is to go, beside a root. */
const UNFINISHED = /^[0-9a-f]{32}\.(new-|old-|sources\.json\.)/u;
/** Age in ms from which what is unfinished was left by a helper that died, and a copy is not being linked. */
const LEFT_AFTER_MS = 60 * 60 * 1000;

/** Removes them, unless a helper uses them, and gives the paths of those that went. */
export function removeUnusedRoots({ sandboxRootDir }: Pick<Layout, "sandboxRootDir">): readonly string[] {
  const names = readdirSync(sandboxRootDir);
  const left = names.filter((name) => UNFINISHED.test(name) && isLeft(join(sandboxRootDir, name)));
  for (const name of left) rmSync(join(sandboxRootDir, name), { recursive: true, force: true });
  const roots = names.filter((name) => ROOT.test(name)).map((name) => join(sandboxRootDir, name));
  const removed = roots.filter((root) => isOutdated(root) && isRemoved(root));
  removeUnlinkedCopies(join(sandboxRootDir, COPIES_FOLDER));
  return removed;
}

function isOutdated(root: string): boolean {
  try {
    const { inputs } = JSON.parse(readFileSync(sourcesFileOf(root), "utf8")) as Sources;
    return inputs.some(({ path, identity }) => identityIfThere(path) !== identity);
  } catch {
    // Written by a release that did not say what the root was made of, or not finished.
    return true;
  }
}

/** Every helper that uses a root holds its lock, together with others. */
function isRemoved(root: string): boolean {
  const lock = tryLock(rootLockOf(root));
  if (lock === undefined) return false;
  rmSync(sourcesFileOf(root), { force: true });
  rmSync(root, { recursive: true, force: true });
  lock.remove();
  return true;
}

/** Removes copies of programs and libraries that no root has a link to. */
function removeUnlinkedCopies(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path, { throwIfNoEntry: false })?.nlink === 1 && isLeft(path)) rmSync(path, { force: true });
  }
}

function isLeft(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && ageMsOf(stat.ctimeMs, Date.now()) > LEFT_AFTER_MS;
}
