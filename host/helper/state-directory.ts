/**
 * @module The state directory: whose it must be, and its first creation.
 */
import { lstatSync, mkdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import type { Stats } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { foldersOf, LAYOUT_VERSION, layoutOf } from "../components/layout.ts";
import type { Layout } from "../components/layout.ts";
import { CniError } from "../spec/error.ts";

/** `full`: root of the machine. `reduced`: root of a user namespace, where sandboxes share the helper's uid. */
export type Isolation = "full" | "reduced";

/** What /proc/self/uid_map says in the machine's own user namespace. Source: user_namespaces(7). */
const INITIAL_UID_MAP = "0 0 4294967295";
/** Owner that a user namespace shows for every uid it does not map. Source: /proc/sys/kernel/overflowuid. */
const OVERFLOW_UID = 65_534;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const OPEN_TO_OTHERS = 0o077;

/** Reads whether this process lives in the machine's own user namespace. */
export function readIsolation(): Isolation {
  const map = readFileSync("/proc/self/uid_map", "utf8").trim().replaceAll(/\s+/gu, " ");
  return map === INITIAL_UID_MAP ? "full" : "reduced";
}

/** A state directory that was checked. Paths of `layout` have no symbolic link above them. */
export interface StateDirectory {
  readonly path: string;
  readonly layout: Layout;
  readonly isolation: Isolation;
}

/**
 * Checks the state directory and every directory above it, and creates what is missing.
 * Does not trust: anything on the path; each part must be root's, and writable by root only or sticky.
 * @throws {CniError} stateUnusable for a wrong owner or mode, a file system that is full or read-only, or a newer layout.
 */
export function openStateDirectory(stateDir: string, isolation: Isolation = readIsolation()): StateDirectory {
  if (!isAbsolute(stateDir)) throw unusable(stateDir, "is not an absolute path", "give an absolute path");
  const path = attempt(stateDir, () => createAndResolve(stateDir, isolation));
  for (const folder of ancestorsOf(path)) checkAncestor(folder, isolation);
  checkPrivate(path);
  const layout = layoutOf(path);
  for (const folder of foldersOf(layout)) {
    attempt(folder, () => createPrivate(folder));
    checkPrivate(folder);
  }
  checkVersion(layout);
  return { path, layout, isolation };
}

/**
 * Checks a directory outside the state directory that root alone may change, and every directory above it; creates what is missing.
 * Gives its path without symbolic links.
 * @throws {CniError} stateUnusable, as {@link openStateDirectory}.
 */
export function openRootDirectory(path: string, isolation: Isolation = readIsolation()): string {
  if (!isAbsolute(path)) throw unusable(path, "is not an absolute path", "give an absolute path");
  const resolved = attempt(path, () => createAndResolve(path, isolation));
  // Its own part of the path is judged as one above what is in it.
  for (const folder of ancestorsOf(`${resolved}/x`)) checkAncestor(folder, isolation);
  return resolved;
}

/** Creates the directory below the deepest one that is there, which is checked before anything is made in it. */
function createAndResolve(stateDir: string, isolation: Isolation): string {
  if (statOf(stateDir) !== undefined) return realpathSync(stateDir);
  let present = dirname(stateDir);
  while (statOf(present) === undefined) present = dirname(present);
  for (const folder of ancestorsOf(`${realpathSync(present)}/x`)) checkAncestor(folder, isolation);
  createBelow(present, stateDir);
  return realpathSync(stateDir);
}

/** One directory at a time: made recursively, a file system that is read-only answers ENOENT. */
function createBelow(present: string, folder: string): void {
  if (folder === present) return;
  createBelow(present, dirname(folder));
  createPrivate(folder);
}

/** Makes a directory; another helper may have made it in the meantime. */
function createPrivate(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (statOf(folder) === undefined) throw error;
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Directories above a path, "/" first. */
function ancestorsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [...ancestorsOf(parent), parent];
}

function checkAncestor(folder: string, isolation: Isolation): void {
  const stat = lstatSync(folder);
  // In a user namespace the machine's root is shown as nobody: no telling it from other users that are not mapped.
  const isRoots = stat.uid === 0 || (isolation === "reduced" && stat.uid === OVERFLOW_UID);
  if (!isRoots) throw unusable(folder, `belongs to uid ${stat.uid}, wanted 0`, `chown root ${folder}`);
  if ((stat.mode & WRITABLE_BY_OTHERS) !== 0 && (stat.mode & STICKY) === 0) {
    throw unusable(folder, `has mode ${modeOf(stat)}: others may write to it`, `chmod go-w ${folder}`);
  }
}

function checkPrivate(folder: string): void {
  const stat = attempt(folder, () => lstatSync(folder));
  if (!stat.isDirectory()) throw unusable(folder, "is not a directory", "move it away");
  if (stat.uid !== 0) throw unusable(folder, `belongs to uid ${stat.uid}, wanted 0`, `chown root ${folder}`);
  if ((stat.mode & OPEN_TO_OTHERS) !== 0)
    throw unusable(folder, `has mode ${modeOf(stat)}, wanted 0700`, `chmod 0700 ${folder}`);
}

function modeOf(stat: Stats): string {
  return (stat.mode & 0o7777).toString(8).padStart(4, "0");
}

function checkVersion({ version }: Layout): void {
  const found = attempt(version, () => (statOf(version) === undefined ? undefined : readFileSync(version, "utf8")));
  if (found === LAYOUT_VERSION) return;
  if (found === undefined) {
    attempt(version, () => writeVersion(version));
    return;
  }
  const number = /^(\d{1,9})\n?$/u.exec(found)?.[1];
  const what = number === undefined ? "is not a version" : `says version ${number}`;
  throw unusable(
    version,
    `${what}, wanted ${LAYOUT_VERSION.trim()}`,
    "use the release of Cnidaria that made it, or another state directory",
  );
}

/** Writes the version so that no other helper sees half of it. */
function writeVersion(path: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, LAYOUT_VERSION, { mode: 0o600 });
  renameSync(temporary, path);
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof CniError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw unusable(path, `cannot be used: ${code}`, ADVICE[code] ?? "see the cause", cause);
  }
}

/** What to do, by errno. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "make room on the file system",
  EDQUOT: "raise the quota",
  EROFS: "mount the file system writable, or use another state directory",
  EACCES: "run as root",
  EPERM: "run as root",
  ENOTDIR: "a part of the path is a file: move it away",
};

function unusable(path: string, got: string, advice: string, cause?: unknown): CniError {
  return new CniError("stateUnusable", `state directory: ${JSON.stringify(path)} ${got}`, {
    details: `every part of the path must be root's, and writable by root only or sticky; ${advice}`,
    cause,
  });
}
