/**
 * @module The table of folders in host/README.md, as a test: who may import whom.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const HOST = join(ROOT, "host");

/** What each folder of host/ may import from others; its own folder is always allowed. A value is a folder or a file. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  spec: [],
  grants: ["spec", "helper/protocol.ts", "helper/sandbox-protocol.ts", "helper/frames.ts"],
  components: ["spec", "grants", "helper/protocol.ts", "helper/sandbox-protocol.ts", "helper/frames.ts"],
  sandbox: ["spec", "helper/protocol.ts", "helper/sandbox-protocol.ts", "helper/frames.ts", "helper/descriptor.ts"],
  helper: [
    "spec",
    "grants",
    "kernel",
    "components/verify.ts",
    "components/layout.ts",
    "components/granted.ts",
    "components/digest.ts",
  ],
  kernel: ["spec"],
  operations: ["spec", "grants", "helper/protocol.ts", "helper/sandbox-protocol.ts", "helper/frames.ts"],
  audit: ["spec", "grants", "components"],
  daemon: ["host.ts", "index.ts", "spec", "helper/client.ts"],
  // The command reads configuration files before it opens a host, and says differences as errors do.
  cli: [
    "host.ts",
    "index.ts",
    "spec",
    "operations/configuration",
    "operations/drift.ts",
    "daemon/protocol.ts",
    "shim/install.ts",
  ],
  demo: ["host.ts", "index.ts", "spec"],
  shim: ["spec", "daemon/protocol.ts", "daemon/frames.ts", "daemon/error-answer.ts", "daemon/surroundings.ts"],
};

/** Packages that a folder may not load, and why. */
const MAY_NOT_LOAD: readonly { readonly folder: string; readonly pattern: RegExp; readonly why: string }[] = [
  { folder: "spec", pattern: /^node:/, why: "pure" },
  { folder: "grants", pattern: /^node:/, why: "pure" },
  { folder: "helper", pattern: /^@bytecodealliance\//, why: "the helper runs no WebAssembly" },
  { folder: "sandbox", pattern: /^koffi$/, why: "a foreign function interface never belongs where guests run" },
  { folder: "shim", pattern: /^(zod|koffi|commander)/, why: "start-up is paid once per plugin" },
];

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const found: Import[] = [];
  for (const match of text.matchAll(/^\s*(import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"/gm)) {
    found.push({ file, target: match[3] ?? "", typeOnly: match[2] !== undefined });
  }
  for (const match of text.matchAll(/import\(\s*"([^"]+)"\s*\)/g))
    found.push({ file, target: match[1] ?? "", typeOnly: false });
  for (const match of text.matchAll(/^\s*import\s+"([^"]+)"/gm))
    found.push({ file, target: match[1] ?? "", typeOnly: false });
  return found;
}

function folderOf(path: string): string {
  const parts = relative(HOST, path).split("/");
  return parts.length > 1 ? (parts[0] ?? "") : "";
}

function mayImport(from: string, target: string): boolean {
  const inside = relative(HOST, target);
  if (folderOf(target) === from) return true;
  return (MAY_IMPORT[from] ?? []).some((allowed) => inside === allowed || inside.startsWith(`${allowed}/`));
}

/** Says what is wrong with one import of one file; empty: nothing. */
function judge(file: string, { target, typeOnly }: Import): string[] {
  const folder = folderOf(file);
  const where = relative(HOST, file);
  if (target.startsWith(".")) {
    const path = resolve(dirname(file), target);
    // A file of a package that its author did not export: as if it were loaded by name.
    if (path.startsWith(join(ROOT, "node_modules"))) return [];
    if (!path.startsWith(HOST)) return [`${where} imports ${relative(ROOT, path)}, outside host/`];
    return mayImport(folder, path) ? [] : [`${where} imports ${relative(HOST, path)}`];
  }
  const broken = MAY_NOT_LOAD.filter((ban) => !typeOnly && ban.folder === folder && ban.pattern.test(target));
  return broken.map(({ why }) => `${where} loads ${target}: ${why}`);
}

function violations(): string[] {
  const files = globSync(`${HOST}/**/*.ts`).filter((file) => folderOf(file) !== "");
  return files.flatMap((file) => importsOf(file).flatMap((found) => judge(file, found)));
}

test("host/ keeps its layers", () => {
  expect(violations()).toEqual([]);
});

test("every folder of host/ has a row in the table", () => {
  const folders = new Set(
    globSync(`${HOST}/**/*.ts`)
      .map(folderOf)
      .filter((folder) => folder !== ""),
  );
  expect([...folders].filter((folder) => !Object.hasOwn(MAY_IMPORT, folder))).toEqual([]);
});

test("a guest never imports the host", () => {
  const found: string[] = [];
  for (const file of globSync(`${ROOT}/guests/**/*.ts`)) {
    for (const { target } of importsOf(file)) {
      if (target.startsWith(".") && resolve(dirname(file), target).startsWith(HOST)) found.push(relative(ROOT, file));
    }
  }
  expect(found).toEqual([]);
});

test("the environment is read at the edges alone", () => {
  const edges = /^(cli|shim|daemon|demo)\/|^build\.ts$/;
  const found = globSync(`${HOST}/**/*.ts`)
    .filter((file) => !edges.test(relative(HOST, file)))
    .filter((file) => /process\.env\b/.test(readFileSync(file, "utf8")))
    .map((file) => relative(HOST, file));
  expect(found).toEqual([]);
});

test("the top level holds what the design names", () => {
  const folders = globSync(`${ROOT}/*/`, { exclude: ["**/node_modules", "**/dist"] }).map((path) =>
    relative(ROOT, path),
  );
  expect(folders.filter((name) => !name.startsWith(".")).sort()).toEqual([
    "benchmarks",
    "bin",
    "guests",
    "host",
    "test",
    "wit",
  ]);
});
