/**
 * @module Builds bundles whose helper, sandbox and host follow the plan of a test. The folder has all others, too, as they are shipped.
 */
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { Plugin } from "esbuild";

const DIST = join(import.meta.dirname, "..", "..", "dist");
/** The folder. */
export const CRASH_BUNDLES = join(DIST, "crash-test");

/** The helper's native part lies beside it. */
const nativeKoffi: Plugin = {
  name: "native-koffi",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, () => ({ path: "koffi", namespace: "native-koffi" }));
    onLoad({ filter: /.*/, namespace: "native-koffi" }, () => ({
      loader: "js",
      contents: `import { createRequire } from "node:module"; export default createRequire(import.meta.url)("./koffi.node");`,
      resolveDir: DIST,
    }));
  },
};

/** No plugin of these tests uses WASI. */
const withoutWasi: Plugin = {
  name: "without-wasi",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/wasi\.ts$/ }, () => ({ path: "wasi", namespace: "without-wasi" }));
    onLoad({ filter: /.*/, namespace: "without-wasi" }, () => ({ loader: "js", contents: "export {};" }));
  },
};

/** Builds them. */
export async function buildCrashBundles(): Promise<void> {
  await buildTestBundles(CRASH_BUNDLES, {
    helper: join(import.meta.dirname, "helper-entry.ts"),
    sandbox: join(import.meta.dirname, "sandbox-entry.ts"),
    "host-process": join(import.meta.dirname, "host-process.ts"),
  });
}

/** Builds a folder of bundles of which some have entries of a test's own. */
export async function buildTestBundles(folder: string, entries: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of [...readdirSync(DIST).filter((file) => /\.(mjs|cjs)$/u.test(file)), "koffi.node"])
    place(name, folder);
  cpSync(join(DIST, "native"), join(folder, "native"), { recursive: true });
  await buildEntries(folder, entries);
}

/** Builds single bundles into a folder that has `koffi.node`. */
export async function buildEntries(folder: string, entries: Readonly<Record<string, string>>): Promise<void> {
  await build({
    entryPoints: { ...entries },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    plugins: [nativeKoffi, withoutWasi],
    // The entries of the product are part of the bundles and must not run.
    define: { "import.meta.main": "false" },
    logLevel: "warning",
  });
}

/** In two steps: what runs has the old one mapped. */
function place(name: string, folder: string): void {
  rmSync(join(folder, name), { force: true });
  copyFileSync(join(DIST, name), join(folder, name));
}
