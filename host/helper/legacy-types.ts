/**
 * @module Types whose executables the operator allows to be run as they are, as the helper reads them: never changed by it.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import type { Layout } from "../components/layout.ts";
import type { LegacyType } from "./protocol.ts";

const SUFFIX = ".json";

/** Tells whether executables of a type may be run. A file that says nothing useful is not a permission. */
export function isLegacyAllowed(layout: Layout, type: string): boolean {
  return readAllowedAtMs(layout, type) !== undefined;
}

/** Lists the allowed types. */
export function listLegacyTypes(layout: Layout): LegacyType[] {
  return readdirSync(layout.legacyDir)
    .toSorted()
    .flatMap((name) => {
      const type = name.startsWith(".") || !name.endsWith(SUFFIX) ? "" : name.slice(0, -SUFFIX.length);
      const allowedAtMs = type === "" ? undefined : readAllowedAtMs(layout, type);
      if (allowedAtMs === undefined) return [];
      const isShadowed = statSync(layout.type(type), { throwIfNoEntry: false }) !== undefined;
      return [{ type, isolation: "unconfined", allowedAtMs, isShadowed }];
    });
}

/** Reads when a type was allowed; `undefined`: it is not. */
function readAllowedAtMs(layout: Layout, type: string): number | undefined {
  try {
    const value = JSON.parse(readFileSync(layout.legacy(type), "utf8")) as { type?: unknown; allowedAtMs?: unknown };
    return value.type === type && typeof value.allowedAtMs === "number" ? value.allowedAtMs : undefined;
  } catch {
    return undefined;
  }
}
