/**
 * @module Builds the bundles of fenced processes into a temporary folder, for tests that run them without the fence.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const ROOT = resolve(import.meta.dirname, "../..");

/** As in host/build.ts: the browser build of preview2-shim, and the transpiler's own modules inside the bundle. */
const plugins: Plugin = {
  name: "as-built",
  setup(build) {
    build.onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, ({ path }) => ({
      path: join(ROOT, "node_modules/@bytecodealliance/preview2-shim/dist/browser", `${basename(path)}.js`),
    }));
    build.onLoad({ filter: /jco-transpile-lean\/vendor\/[a-z-]+\.js$/ }, ({ path }) => {
      const imports: string[] = [];
      const body = readFileSync(path, "utf8").replace(
        /fetchCompile\(new URL\('(\.\/[^']+\.wasm)', import\.meta\.url\)\)/g,
        (_text, file: string) => {
          imports.push(`import embedded${imports.length} from ${JSON.stringify(file)};`);
          return `WebAssembly.compile(embedded${imports.length - 1})`;
        },
      );
      return { loader: "js", contents: `${imports.join("\n")}\n${body}` };
    });
  },
};

/** A bundle in a folder of its own, removed when it is disposed. */
export interface Bundle extends Disposable {
  readonly path: string;
}

/** Bundles an entry of host/. */
export async function bundleEntry(entry: string): Promise<Bundle> {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-bundle-"));
  const path = join(folder, `${basename(entry, ".ts")}.mjs`);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    loader: { ".wasm": "binary" },
    plugins: [plugins],
    logLevel: "warning",
  });
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
