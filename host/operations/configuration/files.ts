/**
 * @module The files of a configuration directory: listed in order, read with bounds. Does not trust: anything may lie there.
 */

import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { CniError, isCniError } from "../../spec/error.ts";
import { parseJsonObject } from "../../spec/json.ts";
import type { JsonObject } from "../../spec/json.ts";

/** Largest configuration file in bytes. */
const FILE_MAX_BYTES = 4 * 1024 * 1024;

/**
 * Lists the files with one of these endings, by path, in the order of bytes; folders are passed over. A directory that is not there has
 * none. Source: libcni v1.3.0, `libcni/conf.go`, `ConfFiles`.
 * @throws {CniError} ioFailure when it cannot be listed.
 */
export async function listFiles(directory: string, endings: readonly string[]): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && endings.some((ending) => entry.name.endsWith(ending)))
      .map(({ name }) => join(directory, name))
      .toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw new CniError("ioFailure", `${JSON.stringify(directory)} cannot be listed`, { details: String(cause), cause });
  }
}

/**
 * Reads the JSON object in a file.
 * @throws {CniError} ioFailure when it cannot be read or is no file; limitExceeded when it is too large.
 * @throws {CniError} decodingFailure when it is no JSON object: it may be half written.
 */
export async function readObject(path: string): Promise<JsonObject> {
  return inFile(path, async () => parseJsonObject(await readText(path), JSON.stringify(path)));
}

/** Runs what reads a file; its error names the file. Never resolves to something else. */
export async function inFile<T>(path: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!isCniError(error) || error.message.includes(JSON.stringify(path))) throw error;
    const { kind, code, message, details, cause } = error;
    throw new CniError(kind, `${JSON.stringify(path)}: ${message}`, {
      code,
      ...(details === undefined ? {} : { details }),
      cause,
    });
  }
}

/** Tells whether a file went away between being listed and being read. */
export function isGone(error: unknown): boolean {
  return isCniError(error) && codeOf(error.cause) === "ENOENT";
}

async function readText(path: string): Promise<string> {
  try {
    // A pipe must not make anybody wait.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) throw new CniError("ioFailure", `${JSON.stringify(path)} is not a regular file`);
    if (stat.size > FILE_MAX_BYTES)
      throw new CniError(
        "limitExceeded",
        `${JSON.stringify(path)} has ${stat.size} bytes, ${FILE_MAX_BYTES} permitted`,
      );
    return await file.readFile("utf8");
  } catch (cause) {
    if (isCniError(cause)) throw cause;
    throw new CniError("ioFailure", `${JSON.stringify(path)} cannot be read`, { details: String(cause), cause });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
