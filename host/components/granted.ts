/**
 * @module The code of a granted component, read back and checked: what is stored is executable code.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { parseGrant, type Grant } from "../grants/grant.ts";
import type { Digest } from "../helper/protocol.ts";
import { CniError } from "../spec/error.ts";
import { sha256Hex } from "./digest.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { ENTRY_FILE } from "./transpile-protocol.ts";

/** Largest generated file in bytes. */
const FILE_MAX_BYTES = 64 * 1024 * 1024;
/** Largest grant in bytes. */
const GRANT_MAX_BYTES = 1024 * 1024;
/** Names of generated files. */
const FILE_NAME = /^[a-z0-9][a-z0-9.-]{0,63}$/u;

/** A file of a component's code, as it was when it was granted. */
export interface GrantedFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Reads the grant of a component and its code, the entry module first.
 * @throws {CniError} notPermitted when there is no grant, or it is not valid.
 * @throws {CniError} componentRejected when a file is missing or not the one that was granted, by so much as a byte.
 */
export function loadGranted(
  stateDir: string,
  digest: Digest,
): { readonly grant: Grant; readonly files: readonly GrantedFile[] } {
  const layout = layoutOf(stateDir);
  const grant = readGrantFile(layout, digest);
  return { grant, files: loadFiles(layout, grant) };
}

/**
 * Reads the code that a grant is for, the entry module first.
 * @throws {CniError} componentRejected when a file is missing or changed.
 */
export function loadFiles(layout: Layout, grant: Grant): readonly GrantedFile[] {
  const directory = layout.transpiledDir(grant.digest, grant.transpiled.key);
  const { [ENTRY_FILE]: entry, ...core } = grant.transpiled.files;
  if (entry === undefined) throw changed(grant, ENTRY_FILE, "it is not in the grant");
  const names = [ENTRY_FILE, ...Object.keys(core).sort()];
  return names.map((name) => ({ name, bytes: loadFile(directory, name, grant) }));
}

/**
 * Reads a grant.
 * @throws {CniError} notPermitted when there is none, it is not valid, or it is for another component.
 */
export function readGrantFile(layout: Layout, digest: Digest): Grant {
  let value: unknown;
  try {
    value = JSON.parse(readBounded(layout.grant(digest), GRANT_MAX_BYTES).toString("utf8"));
  } catch (cause) {
    throw new CniError("notPermitted", `no grant for ${digest}`, { cause });
  }
  const grant = parseGrant(value);
  if (grant.digest !== digest) throw new CniError("notPermitted", `the grant for ${digest} is for another component`);
  return grant;
}

function loadFile(directory: string, name: string, grant: Grant): Buffer {
  const wanted = Object.hasOwn(grant.transpiled.files, name) ? grant.transpiled.files[name] : undefined;
  if (!FILE_NAME.test(name)) throw changed(grant, name, "its name is impossible");
  let bytes: Buffer;
  try {
    bytes = readBounded(`${directory}/${name}`, FILE_MAX_BYTES);
  } catch (cause) {
    throw changed(grant, name, cause instanceof Error ? cause.message : "it cannot be read");
  }
  const found = sha256Hex(bytes);
  if (found !== wanted) throw changed(grant, name, `want sha256 ${String(wanted)}, got ${found}`);
  return bytes;
}

/** Reads a regular file of bounded size, without following a link at its end. */
export function readBounded(path: string, maxBytes: number): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) throw new Error(`${JSON.stringify(path)} is not a regular file`);
    if (stat.size > maxBytes) throw new Error(`${JSON.stringify(path)} has ${stat.size} bytes, ${maxBytes} permitted`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function changed(grant: Grant, name: string, details: string): CniError {
  return new CniError(
    "componentRejected",
    `the code of plugin ${JSON.stringify(grant.type)} is not what was granted: ${name}`,
    { details },
  );
}
