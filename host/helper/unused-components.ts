/**
 * @module Removes components that no type names and no attachment was made with.
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { isDigest } from "../components/layout.ts";
import { readType } from "./plugins.ts";
import type { Digest } from "./protocol.ts";
import type { HelperState } from "./state.ts";
import { ageMsOf } from "./age.ts";

/** Age in ms from which a component that no type names is not one whose installation is under way: the name comes last. */
const INSTALLED_AFTER_MS = 60_000;

/** What is looked at. */
type Looked = Pick<HelperState, "layout" | "ledger" | "locks" | "now">;

/**
 * Removes them, grants included, and gives their digests. Nothing while an operation is under way on this machine: it may have chosen
 * a component and not be on record yet.
 * @throws {CniError} stateUnusable when the ledger or a lock cannot be used.
 */
export function removeUnusedComponents(state: Looked): readonly Digest[] {
  const alone = state.locks.gc("exclusive");
  if (alone === undefined) return [];
  try {
    const used = digestsInUse(state);
    const unused = storedDigests(state).filter((digest) => !used.has(digest) && isOld(state, digest));
    for (const digest of unused) {
      rmSync(state.layout.grant(digest), { force: true });
      rmSync(state.layout.componentDir(digest), { recursive: true, force: true });
    }
    return unused;
  } finally {
    alone.release();
  }
}

function digestsInUse({ layout, ledger }: Looked): ReadonlySet<Digest> {
  const named = namesIn(layout.typesDir).map((type) => readType(layout, type));
  const added = ledger.attachments.list({}).flatMap(({ digests }) => Object.values(digests));
  return new Set([...named.filter((digest) => digest !== undefined), ...added]);
}

function storedDigests({ layout }: Looked): Digest[] {
  return namesIn(layout.componentsDir)
    .map((name) => `sha256:${name}`)
    .filter(isDigest);
}

/** Names in a folder; temporary files start with a dot. */
function namesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith("."));
}

/** Each of its files is put there by rename: the folder's time is that of the last installation. */
function isOld({ layout, now }: Looked, digest: Digest): boolean {
  const stat = statSync(layout.componentDir(digest), { throwIfNoEntry: false });
  return stat !== undefined && ageMsOf(stat.mtimeMs, now()) > INSTALLED_AFTER_MS;
}
