/**
 * @module libcni's cache of attachments: one file each, which libcni can read, and which is read from libcni.
 *
 * Source: libcni `libcni/api.go`. It writes in place; here a file is the old one or the new one.
 */

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { CniError, isCniError } from "../../spec/error.ts";
import { parseContainerId, parseIfName, parseNetworkName } from "../../spec/names.ts";
import { formatCached, parseCached } from "./format.ts";
import type { CacheContent, CacheKey, CachedAttachment } from "./format.ts";

/** Largest file that is read. A result and a configuration have a few kilobytes. */
const FILE_MAX_BYTES = 8 * 1024 * 1024;

/** Attachments in files. Names become part of paths: they are checked before. */
export interface ResultsCache {
  /** Writes an attachment, in place of what was there. @throws {CniError} ioFailure. */
  readonly write: (cached: CachedAttachment) => void;
  /**
   * Reads an attachment; `undefined`: there is none. Names that are joined by "-" may meet in one file: another's is none.
   * @throws {CniError} decodingFailure when its file is broken; ioFailure when it cannot be read.
   */
  readonly read: (key: CacheKey) => CacheContent | undefined;
  /** Removes an attachment, also where its file is broken; one that is not there is fine. @throws {CniError} ioFailure. */
  readonly remove: (key: CacheKey) => void;
  /** Lists attachments, of one container or of all. A file that is broken, or holds a result alone, names none. */
  readonly list: (containerId?: string) => readonly CachedAttachment[];
}

/**
 * Opens the cache below a folder, such as libcni's own /var/lib/cni. Nothing is made before something is written.
 * @throws {CniError} ioFailure when the path is not absolute.
 */
export function openResultsCache(cacheDir: string): ResultsCache {
  if (!isAbsolute(cacheDir))
    throw new CniError("ioFailure", `the cache directory ${JSON.stringify(cacheDir)} is not an absolute path`);
  const folder = join(cacheDir, "results");
  const pathOf = ({ network, containerId, ifname }: CacheKey): string =>
    join(folder, [parseNetworkName(network), parseContainerId(containerId), parseIfName(ifname)].join("-"));
  return {
    write: (cached) => attempt(pathOf(cached), (path) => replace(folder, path, formatCached(cached))),
    read: (key) => {
      const text = attempt(pathOf(key), readBounded);
      if (text === undefined) return undefined;
      const content = parseCached(text);
      return content.attachment === undefined || isSame(content.attachment, key) ? content : undefined;
    },
    remove: (key) => {
      const path = pathOf(key);
      const attachment = attachmentIn(path);
      if (attachment === undefined || isSame(attachment, key)) attempt(path, () => rmSync(path, { force: true }));
    },
    list: (containerId) =>
      namesIn(folder).flatMap((name) => {
        if (containerId !== undefined && !name.includes(`-${containerId}-`)) return [];
        const attachment = attachmentIn(join(folder, name));
        const isWanted = attachment !== undefined && (containerId ?? attachment.containerId) === attachment.containerId;
        return isWanted ? [attachment] : [];
      }),
  };
}

function isSame(one: CacheKey, other: CacheKey): boolean {
  return one.network === other.network && one.containerId === other.containerId && one.ifname === other.ifname;
}

/** Not synced: what it is about is gone with the power too. */
function replace(folder: string, path: string, text: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${randomBytes(6).toString("hex")}.tmp`);
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: "wx" });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** `undefined`: there is no such file. */
function readBounded(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isFile() || stat.size > FILE_MAX_BYTES)
    throw new Error(`want a file of at most ${FILE_MAX_BYTES} bytes, got ${stat.size}`);
  return readFileSync(path, "utf8");
}

/** Temporary files start with a dot. */
function namesIn(folder: string): readonly string[] {
  const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
  return isThere
    ? attempt(folder, (path) => readdirSync(path))
        .filter((name) => !name.startsWith("."))
        .toSorted()
    : [];
}

function attachmentIn(path: string): CachedAttachment | undefined {
  try {
    const text = attempt(path, readBounded);
    return text === undefined ? undefined : parseCached(text).attachment;
  } catch (error) {
    if (isCniError(error)) return undefined;
    throw error;
  }
}

function attempt<T>(path: string, action: (path: string) => T): T {
  try {
    return action(path);
  } catch (cause) {
    throw new CniError("ioFailure", `the cached result ${JSON.stringify(path)} cannot be used`, {
      details: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
