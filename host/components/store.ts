/**
 * @module What is installed: list it, name it, take it away.
 */
import { readdir } from "node:fs/promises";
import type { Grant } from "../grants/grant.ts";
import type { Digest } from "../helper/protocol.ts";
import { CniError } from "../spec/error.ts";
import { removeDurably } from "./atomic-file.ts";
import { readBounded, readGrantFile } from "./granted.ts";
import { isDigest, layoutOf, type Layout } from "./layout.ts";

/** A file `types/<type>` holds one digest. */
const TYPE_MAX_BYTES = 128;

/** A component in the state directory. */
export interface StoredComponent {
  readonly digest: Digest;
  /** Types that name it; none: an older one, kept for attachments made with it. */
  readonly types: readonly string[];
  /** `undefined`: none, or one that is not valid. It cannot be used. */
  readonly grant: Grant | undefined;
}

/** Lists what is installed, by type; components that no type names come last. An empty state directory has none. */
export async function listInstalled(stateDir: string): Promise<readonly StoredComponent[]> {
  const layout = layoutOf(stateDir);
  const types = new Map<Digest, string[]>();
  for (const type of await listFolder(layout.typesDir)) {
    const digest = readTypeFile(layout, type);
    if (digest !== undefined) types.set(digest, [...(types.get(digest) ?? []), type]);
  }
  const stored = (await listFolder(layout.componentsDir)).map((hex) => `sha256:${hex}`).filter(isDigest);
  const digests = new Set([...types.keys(), ...stored]);
  return [...digests].map((digest) => ({
    digest,
    types: types.get(digest) ?? [],
    grant: readGrantOrNone(layout, digest),
  }));
}

/** Reads what a type names and its grant; `undefined`: the type is not installed. */
export async function readPresentGrant(
  layout: Layout,
  type: string,
): Promise<{ readonly digest: Digest; readonly grant: Grant | undefined } | undefined> {
  const digest = readTypeFile(layout, type);
  return digest === undefined ? undefined : { digest, grant: readGrantOrNone(layout, digest) };
}

/**
 * Takes a type's name away. Its component stays as long as attachments use it: the helper removes what nothing uses any more.
 * @throws {CniError} unknownPlugin when the type is not installed.
 */
export async function uninstall(stateDir: string, type: string): Promise<Digest> {
  const layout = layoutOf(stateDir);
  const digest = readTypeFile(layout, type);
  if (digest === undefined) throw new CniError("unknownPlugin", `plugin ${JSON.stringify(type)} is not installed`);
  await removeDurably(layout.type(type));
  return digest;
}

/**
 * Takes a grant away, at once: the component makes no more calls. What its attachments own is removed by their DEL without it.
 * @throws {CniError} unknownPlugin when there is no such component.
 */
export async function revoke(stateDir: string, digest: Digest): Promise<{ readonly types: readonly string[] }> {
  const layout = layoutOf(stateDir);
  const found = (await listInstalled(stateDir)).find((stored) => stored.digest === digest);
  if (found === undefined) throw new CniError("unknownPlugin", `no component ${digest} is installed`);
  await removeDurably(layout.grant(digest));
  for (const type of found.types) await removeDurably(layout.type(type));
  return { types: found.types };
}

/** Names in a folder, in order; none when it is not there. Temporary files start with a dot. */
async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !name.startsWith(".")).toSorted();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function readTypeFile(layout: Layout, type: string): Digest | undefined {
  try {
    const text = readBounded(layout.type(type), TYPE_MAX_BYTES).toString("utf8").trim();
    return isDigest(text) ? text : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function readGrantOrNone(layout: Layout, digest: Digest): Grant | undefined {
  try {
    return readGrantFile(layout, digest);
  } catch {
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
