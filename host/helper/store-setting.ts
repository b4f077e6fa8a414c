/**
 * @module Whether leases are written to host-local's store as well, and where that is: a setting of the state directory, so that every helper
 * of it does the same, whoever starts it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { CniError, isCniError } from "../spec/error.ts";
import { HostLocalStore } from "./host-local-store.ts";
import { openRootDirectory } from "./state-directory.ts";
import type { StateDirectory } from "./state-directory.ts";

/** What turns the store off. */
const NONE = "none";

/**
 * Opens the store that the state directory names; `undefined`: none. A path that the helper was started with is remembered there first,
 * `none` takes it away again. Helpers that run already go on as they were started.
 * @throws {CniError} stateUnusable when others than root may change the store.
 */
export function openHostLocalStore(
  { layout, isolation }: StateDirectory,
  asked: string | undefined,
): HostLocalStore | undefined {
  const path = layout.hostLocalStore;
  if (asked === NONE) rmSync(path, { force: true });
  else if (asked !== undefined) remember(path, openStore(asked, isolation).dir);
  const dir = readSetting(path);
  return dir === undefined ? undefined : openStore(dir, isolation);
}

function openStore(dir: string, isolation: StateDirectory["isolation"]): HostLocalStore {
  try {
    return new HostLocalStore(openRootDirectory(dir, isolation));
  } catch (error) {
    if (!isCniError(error)) throw error;
    const message = error.message.replace(/^state directory/u, "host-local's store");
    throw new CniError(error.kind, message, {
      details: `${error.details ?? ""}; or turn it off: cnidaria --host-local-store ${NONE} list`,
      cause: error,
    });
  }
}

/** Writes the setting so that no other helper sees half of it. */
function remember(path: string, dir: string): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${dir}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

function readSetting(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
