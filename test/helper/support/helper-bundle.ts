/**
 * @module The helper of these tests as one file, as it is shipped: it starts in a fraction of the time that its sources take.
 */
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { buildEntries } from "../../crash/bundles.ts";

const DIST = join(import.meta.dirname, "..", "..", "..", "dist");
const ENTRY = "helper-entry.fixture";
const FAKE = "fake-sandbox.fixture.mjs";

const folder = join(DIST, `helper-test-${process.pid}`);

let built: Promise<string> | undefined;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Gives the path of the bundle, built once for a file of tests and removed at its end. */
export function helperBundle(): Promise<string> {
  return (built ??= buildHelperBundle());
}

async function buildHelperBundle(): Promise<string> {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(DIST, "koffi.node"), join(folder, "koffi.node"));
  copyFileSync(join(import.meta.dirname, FAKE), join(folder, FAKE));
  await buildEntries(folder, { [ENTRY]: join(import.meta.dirname, `${ENTRY}.ts`) });
  return join(folder, `${ENTRY}.mjs`);
}
