/**
 * @module Writes the TypeScript types of `wit/`: for guests as ambient modules under `guests/sdk/generated/`, for the sandbox under
 * `host/sandbox/generated/`. With `--check` it writes nothing and fails where a file is not what `wit/` says.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { generateGuestTypes, generateHostTypes } from "@bytecodealliance/jco-transpile";
import { _setPreopens } from "@bytecodealliance/preview2-shim/filesystem";

const ROOT = path.join(import.meta.dirname, "..");
const WIT = path.join(ROOT, "wit");
const WORLD = "everything";
const HEADER = "// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.\n";

/** Folders that are written, and how their files are made. */
const TARGETS = [
  { folder: "guests/sdk/generated", generate: generateGuestTypes },
  { folder: "host/sandbox/generated", generate: generateHostTypes },
] as const;

/** Gives the text of every generated file, by path from the top of the repository. */
export async function generateTypes(): Promise<Map<string, string>> {
  // The tools read files through this shim, which preopens nothing. Its declared type is that of the browser build.
  _setPreopens({ "/": "/" } as never);
  const files = new Map<string, string>();
  for (const { folder, generate } of TARGETS) {
    const generated = await generate(WIT, { worldName: WORLD, instantiation: { tag: "sync" } });
    for (const [name, content] of Object.entries<unknown>(generated)) {
      files.set(path.join(folder, shortName(name)), HEADER + tidy(content));
    }
  }
  return files;
}

/** Names the generated files that are missing, different or left over. */
export async function findDrift(): Promise<string[]> {
  const wanted = await generateTypes();
  const drift: string[] = [];
  for (const [name, text] of wanted) {
    const file = path.join(ROOT, name);
    if (!existsSync(file) || (await readFile(file, "utf8")) !== text) drift.push(name);
  }
  for (const { folder } of TARGETS) {
    if (!existsSync(path.join(ROOT, folder))) continue;
    for (const entry of await readdir(path.join(ROOT, folder))) {
      if (!wanted.has(path.join(folder, entry))) drift.push(path.join(folder, entry));
    }
  }
  return drift;
}

async function writeTypes(): Promise<void> {
  const files = await generateTypes();
  for (const { folder } of TARGETS) await rm(path.join(ROOT, folder), { recursive: true, force: true });
  for (const [name, text] of files) {
    await mkdir(path.dirname(path.join(ROOT, name)), { recursive: true });
    await writeFile(path.join(ROOT, name), text);
  }
  process.stdout.write(`types: ${files.size} files written\n`);
}

function shortName(name: string): string {
  return path.basename(name).replace("cnidaria-plugin-", "");
}

/** Shortens the names of files, and lets an absent option be spelled `undefined` (exactOptionalPropertyTypes). */
function tidy(content: unknown): string {
  const text = content instanceof Uint8Array ? new TextDecoder().decode(content) : String(content);
  return text
    .replaceAll("./interfaces/cnidaria-plugin-", "./")
    .replaceAll("./cnidaria-plugin-", "./")
    .replaceAll(/^(\s+\w+\?: [^\n]*),$/gmu, "$1 | undefined,")
    .replaceAll(/[ \t]+$/gmu, "");
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    const drift = await findDrift();
    for (const name of drift)
      process.stderr.write(`types: ${name} is not what wit/ says; run node guests/generate-types.ts\n`);
    process.exitCode = drift.length === 0 ? 0 : 1;
  } else {
    await writeTypes();
  }
}
