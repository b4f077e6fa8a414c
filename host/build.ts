/**
 * @module Builds the bundles in dist/: one file per process, so that each starts fast and can be copied root-owned.
 *
 * `node host/build.ts` does nothing when every input is as old as at the last build; `--force` builds anyway,
 * `--types` writes the declarations as well.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { BuildOptions, Metafile, Plugin } from "esbuild";

const ROOT = resolve(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
/** What the last build read, with sizes and times. */
const STAMP = join(DIST, ".build.json");
const require = createRequire(import.meta.url);

/** One bundle: the process's entry, the file it becomes, and what sets it apart. */
interface Bundle {
  readonly entry: string;
  readonly file: string;
  readonly options?: BuildOptions;
}

/** koffi's JavaScript looks for its native part in `node_modules`; in a bundle that part lies beside it. */
const nativeKoffi: Plugin = {
  name: "native-koffi",
  setup(build) {
    build.onResolve({ filter: /^koffi$/ }, () => ({ path: "koffi", namespace: "native-koffi" }));
    build.onLoad({ filter: /.*/, namespace: "native-koffi" }, () => ({
      loader: "js",
      resolveDir: ROOT,
      contents: `
        import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
        export default createRequire(import.meta.url)("./koffi.node");`,
    }));
  },
};

/** The transpiler runs where there is no file to read: its own WebAssembly modules are part of the bundle. */
const embeddedTranspiler: Plugin = {
  name: "embedded-transpiler",
  setup(build) {
    build.onLoad({ filter: /jco-transpile-lean\/vendor\/[a-z-]+\.js$/ }, (args) => ({
      loader: "js",
      contents: embedModules(readFileSync(args.path, "utf8")),
    }));
  },
};

/** Replaces what fetches a core module beside the file by what compiles the embedded bytes. */
function embedModules(source: string): string {
  const imports: string[] = [];
  const body = source.replace(
    /fetchCompile\(new URL\('(\.\/[^']+\.wasm)', import\.meta\.url\)\)/g,
    (_match, path: string) => {
      const name = `embeddedModule${imports.length}`;
      imports.push(`import ${name} from ${JSON.stringify(path)};`);
      return `WebAssembly.compile(${name})`;
    },
  );
  return `${imports.join("\n")}\n${body}`;
}

/** Guests get preview2-shim's browser build: its Node build wants a worker, which would void the fence. */
const browserShim: Plugin = {
  name: "browser-shim",
  setup(build) {
    build.onResolve({ filter: /^@bytecodealliance\/preview2-shim\// }, (args) => ({
      path: join(ROOT, "node_modules/@bytecodealliance/preview2-shim/dist/browser", `${basename(args.path)}.js`),
    }));
  },
};

/** A face starts before it needs the host: what it imports late stays a file of its own. */
const lateHost: Plugin = {
  name: "late-host",
  setup(build) {
    build.onResolve({ filter: /\/host\.ts$/ }, (args) =>
      args.kind === "dynamic-import" ? { path: "./host.mjs", external: true } : undefined,
    );
  },
};

/** What validates schemas is loaded when something is validated: it is larger than the rest of the host. */
const lateSchemas: Plugin = {
  name: "late-schemas",
  setup(build) {
    build.onResolve({ filter: /\/schema-check\.ts$/ }, (args) =>
      args.kind === "dynamic-import" ? { path: "./schema-check.mjs", external: true } : undefined,
    );
  },
};

/** CommonJS packages inside an ES module bundle still ask for `require`. */
const REQUIRE_BANNER = {
  js: 'import { createRequire as cnidariaRequire } from "node:module"; const require = cnidariaRequire(import.meta.url);',
};

const BUNDLES: readonly Bundle[] = [
  {
    entry: "host/index.ts",
    file: "index.js",
    options: { packages: "external", minify: false, plugins: [lateSchemas] },
  },
  { entry: "host/helper/main.ts", file: "helper.mjs", options: { plugins: [nativeKoffi] } },
  { entry: "host/sandbox/main.ts", file: "sandbox.mjs", options: { plugins: [browserShim] } },
  {
    entry: "host/components/transpiler.ts",
    file: "transpiler.mjs",
    options: { plugins: [embeddedTranspiler, browserShim], loader: { ".wasm": "binary" } },
  },
  { entry: "host/host.ts", file: "host.mjs", options: { plugins: [lateSchemas] } },
  { entry: "host/operations/validation/schema-check.ts", file: "schema-check.mjs" },
  { entry: "host/daemon/warm-host.ts", file: "warm-host.mjs", options: { plugins: [lateHost] } },
  { entry: "host/shim/main.ts", file: "shim.cjs", options: { format: "cjs" } },
  { entry: "host/cli/main.ts", file: "cli.mjs", options: { plugins: [lateHost], banner: REQUIRE_BANNER } },
];

/** Sources of the native shim, which `cnidaria shim install` compiles. */
const NATIVE = "host/shim/native";

/** Builds one bundle and gives the files it was made from. */
async function bundle({ entry, file, options = {} }: Bundle): Promise<readonly string[]> {
  const { build } = await import("esbuild");
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: join(DIST, file),
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    charset: "utf8",
    legalComments: "none",
    minifyWhitespace: true,
    minifySyntax: true,
    keepNames: false,
    metafile: true,
    logLevel: "warning",
    ...options,
  });
  return inputsOf(result.metafile);
}

function inputsOf(metafile: Metafile | undefined): readonly string[] {
  return Object.keys(metafile?.inputs ?? {})
    .map((input) => input.replace(/^[a-z-]+:(?=\/)/, ""))
    .filter((input) => existsSync(join(ROOT, input)));
}

/** The native part of koffi for this machine. */
function nativeKoffiFile(): string {
  const folder = dirname(require.resolve(`@koromix/koffi-linux-${process.arch}`));
  const isMusl = !("glibcVersionRuntime" in (process.report.getReport() as { header: object }).header);
  return join(folder, `${isMusl ? "musl" : "linux"}_${process.arch}`, "koffi.node");
}

/** Copies a file over another in one step: what runs has it mapped, and would be ended by a change in place. */
function replaceFile(source: string, target: string): void {
  copyFileSync(source, `${target}.tmp`);
  renameSync(`${target}.tmp`, target);
}

/** Size and time of a file, as text; changes when the file does. */
function stampOf(path: string): string {
  const stat = statSync(join(ROOT, path), { throwIfNoEntry: false });
  return stat === undefined ? "absent" : `${stat.size}@${stat.mtimeMs}`;
}

function isUpToDate(): boolean {
  if (!existsSync(STAMP)) return false;
  const stamps = JSON.parse(readFileSync(STAMP, "utf8")) as Readonly<Record<string, string>>;
  return Object.entries(stamps).every(([path, stamp]) => stampOf(path) === stamp);
}

/** Builds everything. Removes old bundles first, so that a removed one does not linger. */
async function buildAll(): Promise<void> {
  mkdirSync(DIST, { recursive: true });
  rmSync(STAMP, { force: true });
  const bundles = BUNDLES.filter(({ entry }) => existsSync(join(ROOT, entry)));
  const inputs = new Set((await Promise.all(bundles.map(bundle))).flat());
  replaceFile(nativeKoffiFile(), join(DIST, "koffi.node"));
  const sources = readdirSync(join(ROOT, NATIVE));
  mkdirSync(join(DIST, "native"), { recursive: true });
  for (const source of sources) {
    replaceFile(join(ROOT, NATIVE, source), join(DIST, "native", source));
    inputs.add(`${NATIVE}/${source}`);
  }
  const outputs = [...bundles.map(({ file }) => file), "koffi.node"].map((file) => `dist/${file}`);
  const watched = [...inputs, ...outputs, relative(ROOT, import.meta.filename), ...BUNDLES.map(({ entry }) => entry)];
  writeFileSync(STAMP, JSON.stringify(Object.fromEntries(watched.map((path) => [path, stampOf(path)]))));
  for (const { entry } of BUNDLES)
    if (!bundles.some((built) => built.entry === entry)) console.warn(`not there yet: ${entry}`);
}

/** Writes the declarations of the public door into dist/types. For whoever installs the package: nothing here needs them. */
function buildTypes(): void {
  const options = {
    target: "es2024",
    lib: "es2024,esnext.disposable",
    module: "nodenext",
    types: "node",
    rootDir: "host",
    outDir: join(DIST, "types"),
  };
  const switches = [
    "ignoreConfig",
    "strict",
    "exactOptionalPropertyTypes",
    "skipLibCheck",
    "allowImportingTsExtensions",
    "declaration",
    "emitDeclarationOnly",
  ];
  const args = [
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ...switches.map((name) => `--${name}`),
  ];
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...args, "host/index.ts"], {
    cwd: ROOT,
    stdio: "inherit",
  });
}

if (process.argv.includes("--force") || !isUpToDate()) {
  await buildAll();
  const bytes = readdirSync(DIST).map((file) => `${file} ${Math.ceil(statSync(join(DIST, file)).size / 1024)} kB`);
  console.log(`dist: ${bytes.filter((line) => /\.(m?js|cjs|node) /.test(line)).join(", ")}`);
}
if (process.argv.includes("--types")) buildTypes();
