/**
 * @module The JavaScript engine that goes into a guest, made deterministic. A build runs the engine once and stores its memory, and the
 * engine seeds its hash tables with random bytes and the time: the same guest would have another digest after every build.
 * So the engine is taken out of componentize-qjs, and the few instructions that ask for random bytes or the time give way to instructions
 * of the same length that answer 0. A guest loses nothing: these imports are stubbed in the finished component (see `sdk/random.ts`, `sdk/clock.ts`).
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import type { Section } from "./wasm-bytes.ts";
import { MODULE_MAGIC, SECTION, readImportedFunctions, readSections } from "./wasm-bytes.ts";
import { findCalls } from "./wasm-instructions.ts";

/** A module inside a file. */
interface Found {
  readonly bytes: Buffer;
  readonly sections: readonly Section[];
}

const NOP = 0x01;
const DROP = 0x1a;
const I64_CONST = 0x42;

/** Instructions with the same effect on the stack as a call to an import, by the import's name without its version. */
const REPLACEMENTS: Readonly<Record<string, readonly number[]>> = {
  // (address of the answer) -> (): what is at the address stays.
  "wasi:random/insecure-seed insecure-seed": [DROP],
  "wasi:clocks/wall-clock now": [DROP],
  // () -> i64
  "wasi:clocks/monotonic-clock now": [I64_CONST, 0],
};

const require = createRequire(import.meta.url);
let engine: Promise<Buffer> | undefined;

/**
 * Gives the engine without the component model's asynchronous functions, for componentize-qjs's option `runtimeBytes`.
 * @throws {Error} when the installed componentize-qjs holds no such engine, or one that asks for the time in a way that is not known.
 */
export function readEngine(): Promise<Buffer> {
  engine ??= extractEngine();
  return engine;
}

async function extractEngine(): Promise<Buffer> {
  const modules = findModules(await readFile(nativeBinding()));
  const engines = modules.filter(
    ({ bytes }) => bytes.includes("local:init/module-loader") && !bytes.includes("[task-cancel]"),
  );
  // The same engine is there twice, compiled for speed and for size: the first is the larger.
  const [largest] = engines.toSorted((one, other) => other.bytes.byteLength - one.bytes.byteLength);
  if (largest === undefined) throw new Error("componentize-qjs holds no engine that can be used");
  return withoutTime(largest);
}

/** Finds the file that componentize-qjs loads on this machine: that of the one optional dependency that is installed. */
function nativeBinding(): string {
  const { optionalDependencies } = require("componentize-qjs/package.json") as {
    optionalDependencies: Record<string, string>;
  };
  for (const name of Object.keys(optionalDependencies)) {
    try {
      return require.resolve(name);
    } catch {
      // Another platform's.
    }
  }
  throw new Error("componentize-qjs has no binding for this platform");
}

function findModules(file: Buffer): Found[] {
  const found: Found[] = [];
  for (let at = file.indexOf(MODULE_MAGIC); at >= 0; at = file.indexOf(MODULE_MAGIC, at + 1)) {
    const bytes = file.subarray(at);
    const sections = readSections(bytes, 0);
    const end = sections.at(-1)?.end;
    if (end !== undefined) found.push({ bytes: bytes.subarray(0, end), sections });
  }
  return found;
}

function withoutTime({ bytes, sections }: Found): Buffer {
  const replacements = findReplacements(bytes, sectionOf(sections, SECTION.imports));
  const patched = Buffer.from(bytes);
  for (const call of findCalls(bytes, sectionOf(sections, SECTION.code))) {
    const instructions = replacements.get(call.callee);
    if (instructions === undefined) continue;
    if (instructions.length > call.bytes)
      throw new Error(`a call of ${call.bytes} bytes at ${call.at} is too short to replace`);
    patched.fill(NOP, call.at, call.at + call.bytes);
    patched.set(instructions, call.at);
  }
  return patched;
}

function findReplacements(bytes: Buffer, imports: Section): Map<number, readonly number[]> {
  const replacements = new Map<number, readonly number[]>();
  for (const [index, { module, name }] of readImportedFunctions(bytes, imports).entries()) {
    const instructions = REPLACEMENTS[`${module.replace(/@.*$/u, "")} ${name}`];
    if (instructions !== undefined) replacements.set(index, instructions);
  }
  if (replacements.size !== Object.keys(REPLACEMENTS).length)
    throw new Error("the engine asks for random bytes or the time in an unknown way");
  return replacements;
}

function sectionOf(sections: readonly Section[], id: number): Section {
  const section = sections.find((each) => each.id === id);
  if (section === undefined) throw new Error(`the engine has no section ${id}`);
  return section;
}
