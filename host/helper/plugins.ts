/**
 * @module Installed plugins, as the helper reads them from the state directory: never changed by it.
 */
import { readFileSync, readdirSync, statSync } from "node:fs";
import { isDigest } from "../components/layout.ts";
import type { Layout } from "../components/layout.ts";
import { parseGrant } from "../grants/grant.ts";
import type { Grant } from "../grants/grant.ts";
import { CniError } from "../spec/error.ts";
import type { Digest, InstalledPlugin } from "./protocol.ts";

interface Kept<Value> {
  readonly stamp: string;
  readonly value: Value;
}

/** What files say, read once as long as the file is the same. */
const grants = new Map<string, Kept<Grant>>();
const types = new Map<string, Kept<Digest>>();

/**
 * Reads the operator's grant for a component; `undefined`: there is none.
 * @throws {CniError} notPermitted when it cannot be understood.
 */
export function readGrant(layout: Layout, digest: Digest): Grant | undefined {
  return readKept(grants, layout.grant(digest), (path, text) => {
    const grant = parseGrant(parseJson(path, text));
    if (grant.digest !== digest)
      throw new CniError("notPermitted", "the grant is for another component", {
        details: `want ${digest}, got ${grant.digest}`,
      });
    return grant;
  });
}

/** Reads a file, unless it is the one that was read before; `undefined`: there is none. */
function readKept<Value>(
  kept: Map<string, Kept<Value>>,
  path: string,
  parse: (path: string, text: string) => Value,
): Value | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  // These files are replaced by rename: another file has another inode or another time.
  const stamp = `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
  const known = kept.get(path);
  if (known?.stamp === stamp) return known.value;
  const value = parse(path, readFileSync(path, "utf8"));
  kept.set(path, { stamp, value });
  return value;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CniError("notPermitted", `the grant ${JSON.stringify(path)} is not JSON`, { cause });
  }
}

/** Reads the digest that a type names; `undefined`: not installed. */
export function readType(layout: Layout, type: string): Digest | undefined {
  return readKept(types, layout.type(type), (path, text) => {
    const digest = text.trim();
    if (!isDigest(digest)) throw new CniError("stateUnusable", `${JSON.stringify(path)} does not hold a digest`);
    return digest;
  });
}

/** Gives a granted plugin for the host. */
export function describePlugin(type: string, grant: Grant): InstalledPlugin {
  return {
    type,
    digest: grant.digest,
    version: grant.pluginVersion,
    exports: grant.exports,
    capabilities: Object.keys(grant.capabilities),
    limits: grant.limits,
    early: grant.early,
    cniVersions: grant.cniVersions,
  };
}

/** Lists what is installed and granted, by type. */
export function listPlugins(layout: Layout): InstalledPlugin[] {
  return readdirSync(layout.typesDir)
    .toSorted()
    .flatMap((type) => {
      if (type.startsWith(".")) return [];
      const digest = readType(layout, type);
      const grant = digest === undefined ? undefined : readGrant(layout, digest);
      return grant === undefined ? [] : [describePlugin(type, grant)];
    });
}
