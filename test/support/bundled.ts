/**
 * @module The plugins that are shipped, as they were built.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** Folder of a bundled plugin's source. */
export const sourceOfBundled = (type: string): string => join(ROOT, "guests", type);

/** Tells whether a plugin is a bundled one. */
export const isBundled = (type: string): boolean => existsSync(join(sourceOfBundled(type), "grants.json"));

/** All of them, by their types. */
export const bundledTypes = (): readonly string[] => readdirSync(join(ROOT, "guests")).filter(isBundled);

/** Gives a bundled component's bytes. */
export const readBundled = (type: string): Buffer => readFileSync(join(ROOT, "dist", "guests", `${type}.wasm`));
