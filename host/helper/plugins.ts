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

interface Kept {
  readonly stamp: string;
  readonly grant: Grant;
}

/** Grants by file, read once as long as the file is the same. */
const kept = new Map<string, Kept>();

/**
 * Reads the operator's grant for a component; `undefined`: there is none.
 * @throws {CniError} notPermitted when it cannot be understood.
 */
export function readGrant(layout: Layout, digest: Digest): Grant | undefined {
  const path = layout.grant(digest);
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  // Grants are replaced by rename: another file has another inode or another time.
  const stamp = `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
  const known = kept.get(path);
  if (known?.stamp === stamp) return known.grant;
  const grant = parseGrant(parseJson(path, readFileSync(path, "utf8")));
  if (grant.digest !== digest)
    throw new CniError("notPermitted", "the grant is for another component", {
      details: `want ${digest}, got ${grant.digest}`,
    });
  kept.set(path, { stamp, grant });
  return grant;
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
  const path = layout.type(type);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  const text = readFileSync(path, "utf8").trim();
  if (!isDigest(text)) throw new CniError("stateUnusable", `${JSON.stringify(path)} does not hold a digest`);
  return text;
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
