/**
 * @module Programs that the tests of runtimes need: whether they are there, and what to say where one is not.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const SEARCH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"] as const;
/** Folder of the programs that are built with Go. */
export const BUILT_DIR = resolve(import.meta.dirname, "../../dist/go");

/** Folder of Debian's reference plugins. */
export const REFERENCE_DIR = "/usr/lib/cni";
/** Go's own command; built by `npm test` where Go is. */
export const CNITOOL = join(BUILT_DIR, "cnitool");
/** A program over libcni; the same. */
export const LIBCNI = join(BUILT_DIR, "libcni");

const PLACES: Readonly<Record<string, string>> = {
  cnitool: CNITOOL,
  libcni: LIBCNI,
  plugins: `${REFERENCE_DIR}/bridge`,
};

const REASONS: Readonly<Record<string, string>> = {
  cnitool: "Go's cnitool is not built (needs Go 1.21 and the module proxy; `npm test` builds it)",
  libcni: "the program over Go's libcni is not built (needs Go 1.21 and the module proxy; `npm test` builds it)",
  plugins: "the reference plugins are not installed (package containernetworking-plugins)",
};

/** Says which of the programs are missing, as the end of a title that is skipped; the empty text: all are there. */
export function whyNot(names: readonly string[]): string {
  const reasons = names.filter((name) => !isThere(name)).map((name) => REASONS[name] ?? `${name} is not installed`);
  return reasons.length === 0 ? "" : ` (skipped: ${reasons.join("; ")})`;
}

function isThere(name: string): boolean {
  const place = PLACES[name];
  if (place !== undefined) return existsSync(place);
  return SEARCH.some((folder) => existsSync(`${folder}/${name}`));
}
