/**
 * @module Builds guests: `guests/<type>/` with `plugin.ts`, `world.wit` and `grants.json` becomes `dist/guests/<type>.wasm`.
 *
 * The TypeScript is bundled, put into a component with the QuickJS engine, and the text of `grants.json` is added as the custom section
 * `cnidaria:manifest`, a checksum of all of it as `cnidaria:sha256`. The same input gives the same bytes.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

import type * as Componentize from "componentize-qjs";
import { build } from "esbuild";

import { readEngine } from "./engine.ts";
import { withCustomSection } from "./wasm-bytes.ts";

const ROOT = path.join(import.meta.dirname, "..");
const WIT = path.join(ROOT, "wit");
/** Part of every key: raise it when the way of building changes. */
const BUILD_VERSION = "3";
/** Name of the custom section that holds the manifest. */
export const MANIFEST_SECTION = "cnidaria:manifest";
/** Name of the custom section that holds the checksum. */
const CHECKSUM_SECTION = "cnidaria:sha256";

const require = createRequire(import.meta.url);
const { componentize } = require("componentize-qjs") as typeof Componentize;

/** What a guest is made from. */
interface Sources {
  readonly javaScript: string;
  readonly world: string;
  readonly manifest: string;
  /** Hash of all of it, and of the tools. */
  readonly key: string;
}

/** What happened to one guest. */
export interface BuiltGuest {
  readonly bytes: number;
  /** False: the file was up to date. */
  readonly built: boolean;
}

/**
 * Builds the guest of a directory into one file, unless the file is up to date (`<outFile>.key` says from what it was made).
 * @throws {Error} when a file is missing, the manifest is no JSON, the TypeScript does not bundle or the world does not fit it.
 */
export async function buildGuest(directory: string, outFile: string): Promise<BuiltGuest> {
  const sources = await readSources(directory);
  const keyFile = `${outFile}.key`;
  if (existsSync(outFile) && existsSync(keyFile) && (await readFile(keyFile, "utf8")) === sources.key) {
    return { bytes: (await readFile(outFile)).byteLength, built: false };
  }
  const engineAndCode = await componentizeSources(sources);
  const component = withChecksum(withCustomSection(engineAndCode, MANIFEST_SECTION, Buffer.from(sources.manifest)));
  await mkdir(path.dirname(outFile), { recursive: true });
  await writeAtomically(outFile, component);
  await writeAtomically(keyFile, sources.key);
  return { bytes: component.byteLength, built: true };
}

/** Adds the section that an installation compares: the hash of everything before it. It has to come last. */
function withChecksum(component: Uint8Array): Buffer {
  return withCustomSection(component, CHECKSUM_SECTION, createHash("sha256").update(component).digest());
}

/** Names the guests that there are: the folders of `guests/` with a `world.wit`. */
export async function listGuests(): Promise<string[]> {
  const entries = await readdir(import.meta.dirname);
  return entries.filter((entry) => existsSync(path.join(import.meta.dirname, entry, "world.wit"))).toSorted();
}

async function readSources(directory: string): Promise<Sources> {
  const [world, manifest] = await Promise.all([
    readFile(path.join(directory, "world.wit"), "utf8"),
    readFile(path.join(directory, "grants.json"), "utf8"),
  ]);
  JSON.parse(manifest);
  const javaScript = await bundle(path.join(directory, "plugin.ts"));
  const hash = createHash("sha256");
  const wit = await readWit();
  for (const text of [
    BUILD_VERSION,
    versionOf("componentize-qjs"),
    versionOf("esbuild"),
    javaScript,
    world,
    manifest,
    wit,
  ]) {
    hash.update(`${Buffer.byteLength(text)}:`).update(text);
  }
  return { javaScript, world, manifest, key: hash.digest("hex") };
}

async function bundle(entry: string): Promise<string> {
  const result = await build({
    absWorkingDir: path.dirname(entry),
    bundle: true,
    charset: "utf8",
    entryPoints: [path.basename(entry)],
    external: ["cnidaria:*", "wasi:*"],
    format: "esm",
    legalComments: "none",
    logLevel: "silent",
    minifyWhitespace: true,
    platform: "neutral",
    target: "es2022",
    write: false,
  });
  return result.outputFiles[0]?.text ?? "";
}

/** Runs the engine's build with the guest's world. */
async function componentizeSources(sources: Sources): Promise<Buffer> {
  return withWitDirectory(sources.world, async (witPath) => {
    const { component } = await componentize({
      witPath,
      jsSource: sources.javaScript,
      runtimeBytes: await readEngine(),
      stubWasi: true,
    });
    return component;
  });
}

/** Lends a temporary WIT package: a guest's world, with the package of `wit/` among its dependencies. */
export async function withWitDirectory<Result>(
  world: string,
  use: (witPath: string) => Promise<Result>,
): Promise<Result> {
  const witPath = await mkdtemp(path.join(os.tmpdir(), "cnidaria-wit-"));
  try {
    await writeFile(path.join(witPath, "world.wit"), world);
    await cp(WIT, path.join(witPath, "deps", "cnidaria-plugin"), {
      recursive: true,
      filter: (source) => !source.endsWith(".md"),
    });
    return await use(witPath);
  } finally {
    await rm(witPath, { recursive: true, force: true });
  }
}

async function readWit(): Promise<string> {
  const names = (await readdir(WIT)).filter((name) => name.endsWith(".wit")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(path.join(WIT, name), "utf8")));
  return texts.join("\n");
}

function versionOf(packageName: string): string {
  const { version } = require(`${packageName}/package.json`) as { version: string };
  return version;
}

async function writeAtomically(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, content);
  await rename(temporary, file);
}

async function main(types: readonly string[]): Promise<void> {
  for (const type of types.length > 0 ? types : await listGuests()) {
    const file = path.join(ROOT, "dist", "guests", `${type}.wasm`);
    const { bytes, built } = await buildGuest(path.join(import.meta.dirname, type), file);
    process.stdout.write(`guests: ${type} ${built ? "built" : "up to date"}, ${Math.round(bytes / 1024)} KiB\n`);
  }
}

if (import.meta.main) await main(process.argv.slice(2));
