/**
 * @module Finds the executable of a legacy type in the folders of CNI_PATH.
 */

import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { CniError } from "../../spec/error.ts";
import { parsePluginType } from "../../spec/names.ts";

/** What every executable that `shim install` writes has in it, script or program. */
const OWN_MARK = "Written by cnidaria shim install";
/** Largest file that may be one of them. The program is linked statically where that can be done, and then has 0.8 MiB. */
const OWN_MAX_BYTES = 1.5 * 1024 * 1024;

/**
 * Searches as {@link findExecutable} does; `undefined`: there is none.
 * @throws {CniError} invalidNetworkConfig when the type is no file name.
 */
export function searchExecutable(type: string, pluginDirs: readonly string[]): string | undefined {
  const name = parsePluginType(type);
  const folders = pluginDirs.filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, name)).find((path) => isExecutable(path) && !isOwn(path));
}

/**
 * Gives the path of the first regular file of that name that may be executed; symbolic links are followed. One of our own is
 * passed over: it would call this host again. A folder that is not an absolute path is not searched, for it depends on where a process is.
 * Source: libcni `pkg/invoke/find.go`, which does not ask whether the file may be executed.
 * @throws {CniError} invalidNetworkConfig when the type is no file name; unknownPlugin when there is none.
 */
export function findExecutable(type: string, pluginDirs: readonly string[]): string {
  const path = searchExecutable(type, pluginDirs);
  if (path !== undefined) return path;
  throw new CniError("unknownPlugin", `no executable ${JSON.stringify(type)} in CNI_PATH`, {
    details: pluginDirs.length === 0 ? "CNI_PATH is empty" : `searched: ${pluginDirs.join(", ")}`,
  });
}

function isExecutable(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isOwn(path: string): boolean {
  try {
    return statSync(path).size <= OWN_MAX_BYTES && readFileSync(path).includes(OWN_MARK);
  } catch {
    // What may be executed need not be readable.
    return false;
  }
}
