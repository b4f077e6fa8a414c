/**
 * @module Removes runtime folders, each a Node and the bundles of one release, that no executable of `shim install` starts any more.
 */
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Layout } from "../components/layout.ts";
import { ageMsOf } from "./age.ts";

/** Names of runtime folders. */
const RUNTIME = /^[0-9a-f]{8}$/u;
/** Age in ms from which a folder is not one whose installation is under way, and what was started from a replaced executable has shown up. */
const SETTLED_AFTER_MS = 10 * 60 * 1000;

/**
 * Removes them and gives their paths. One stays that does not say whose it is, that an executable names, that a process runs from, or that
 * was installed or replaced just now.
 */
export function removeUnusedRuntimes({ runtimeDir, runtimeUsers }: Layout, now: () => number): readonly string[] {
  const isSettled = (path: string): boolean => ageMsOf(statIfThere(path)?.mtimeMs ?? 0, now()) > SETTLED_AFTER_MS;
  const unused = namesIn(runtimeDir).filter((name) => {
    const users = RUNTIME.test(name) ? readUsers(runtimeUsers(name)) : undefined;
    const folder = join(runtimeDir, name);
    return (
      users !== undefined &&
      [folder, ...users].every(isSettled) &&
      !users.some((user) => mentions(user, folder)) &&
      !isRunFrom(folder)
    );
  });
  for (const name of unused) {
    rmSync(join(runtimeDir, name), { recursive: true, force: true });
    rmSync(runtimeUsers(name), { force: true });
  }
  return unused.map((name) => join(runtimeDir, name));
}

/** Reads the paths of the executables that were made for a folder; `undefined`: it does not say. */
function readUsers(path: string): readonly string[] | undefined {
  try {
    const users: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(users) && users.every((user) => typeof user === "string") ? users : undefined;
  } catch {
    return undefined;
  }
}

/** Tells whether a file has the folder's path in it: an executable has it as text, of whichever kind it is. */
function mentions(file: string, folder: string): boolean {
  return statIfThere(file)?.isFile() === true && readFileSync(file).includes(`${folder}/`);
}

/** Tells whether a process was started with something of the folder. */
function isRunFrom(folder: string): boolean {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  return pids.some((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return command.includes(`${folder}/`) || readlinkSync(`/proc/${pid}/exe`).startsWith(`${folder}/`);
    } catch {
      // It ended meanwhile, or is a thread of the kernel.
      return false;
    }
  });
}

function namesIn(folder: string): readonly string[] {
  return statIfThere(folder) === undefined ? [] : readdirSync(folder);
}

function statIfThere(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}
