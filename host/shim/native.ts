/**
 * @module Compiles the native shim, and writes a type's settings into a copy of it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  ANSWER_TIMEOUT_MS,
  CONFIGURATION_MAX_BYTES,
  GREETING,
  GREETING_TIMEOUT_MS,
  PASSED_VARIABLES,
} from "../daemon/protocol.ts";
import { warmSocketPath } from "../daemon/surroundings.ts";
import { CniError } from "../spec/error.ts";
import { MARK, nodeArguments, versionAnswer, warmHostArguments } from "./executable.ts";
import type { ExecutableOptions } from "./executable.ts";
import { checkRootOnly } from "./root-only.ts";

/** Folder of the sources, beside the bundles. */
export const NATIVE_FOLDER = "native";
/** What is there. */
export const NATIVE_SOURCES = [
  "shim.c",
  "settings.c",
  "settings.h",
  "start.c",
  "start.h",
  "system.c",
  "system.h",
] as const;
/** Name of the program that the executables are copies of, in the runtime folder. */
const PROGRAM = "shim";
/** Where a compiler is looked for. The caller's PATH is not asked: root would run what is in it. */
const FOLDERS = ["/usr/bin", "/usr/local/bin", "/bin"] as const;
const COMPILERS = ["cc", "gcc", "clang"] as const;
/** Room for the settings, the mark included: paths are limited by that of a socket, 107 bytes. */
const SETTINGS_BYTES = 4096;
/** How long a compiler may take. */
const COMPILE_TIMEOUT_MS = 60_000;

/** A program, or why there is none. */
export interface NativeProgram {
  /** Its bytes; `undefined`: it could not be built. */
  readonly program: Buffer | undefined;
  readonly reason: string;
}

/**
 * Gives the program of a runtime folder; compiles it where it is not there. Never fails: there is the other kind.
 * @param names of the compilers that are looked for
 */
export function buildNativeProgram(
  sourceDir: string,
  runtimeDir: string,
  names: readonly string[] = COMPILERS,
): NativeProgram {
  const path = join(runtimeDir, PROGRAM);
  if (existsSync(path)) return { program: readFileSync(path), reason: `built before, in ${runtimeDir}` };
  const folders = FOLDERS.filter(isRootOnly);
  const compiler = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isUsable);
  if (compiler === undefined)
    return { program: undefined, reason: `no C compiler (${names.join(", ")}) in ${folders.join(", ")}` };
  const temporary = join(runtimeDir, `native.${process.pid}`);
  // One that died may have had the same process id.
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { mode: 0o700 });
  try {
    const built = join(temporary, PROGRAM);
    const isStatic = compile({ compiler, sourceDir, target: built, folders });
    tryProgram(readFileSync(built), temporary);
    renameSync(built, path);
    return { program: readFileSync(path), reason: `built with ${compiler}${isStatic ? ", static" : ""}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { program: undefined, reason: `${compiler} did not build it: ${reason.trim()}` };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function isUsable(compiler: string): boolean {
  return existsSync(compiler) && isRootOnly(realpathSync(compiler));
}

function isRootOnly(path: string): boolean {
  try {
    checkRootOnly(path);
    return true;
  } catch {
    return false;
  }
}

/** What is compiled, and by what. */
interface Compilation {
  readonly compiler: string;
  readonly sourceDir: string;
  readonly target: string;
  readonly folders: readonly string[];
}

/**
 * Compiles, statically where that can be done. Tells whether it is.
 * @throws {Error} with what the compiler said.
 */
function compile(compilation: Compilation): boolean {
  try {
    runCompiler(compilation, ["-static"]);
    return true;
  } catch {
    // No static libc here: many distributions have none.
    runCompiler(compilation, []);
    return false;
  }
}

/** The environment is fixed: a compiler reads more variables than anybody remembers. */
function runCompiler({ compiler, sourceDir, target, folders }: Compilation, more: readonly string[]): void {
  const sources = NATIVE_SOURCES.filter((name) => name.endsWith(".c")).map((name) => join(sourceDir, name));
  execFileSync(compiler, [...compilerFlags(), ...more, "-s", "-o", target, ...sources], {
    cwd: "/",
    env: { PATH: folders.join(":"), TMPDIR: join(target, "..") },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
    timeout: COMPILE_TIMEOUT_MS,
  });
}

/**
 * Gives the flags that every build has. Warnings are errors: the sources have none with the compilers that CI runs, and where
 * another one finds some, the Node shim is the better choice.
 */
export function compilerFlags(
  timeouts: Readonly<Record<string, number>> = { GREETING_TIMEOUT_MS, ANSWER_TIMEOUT_MS },
): readonly string[] {
  const numbers = { SETTINGS_BYTES, CONFIGURATION_MAX_BYTES, ...timeouts };
  const texts = { MARK, GREETING };
  return [
    "-std=c11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    ...Object.entries(numbers).map(([name, value]) => `-D${name}=${value}`),
    ...Object.entries(texts).map(([name, value]) => `-D${name}=${JSON.stringify(value)}`),
  ];
}

/**
 * Runs a copy once: a compiler may build what does not run here.
 * @throws {Error} when it does not answer VERSION.
 */
function tryProgram(program: Buffer, folder: string): void {
  const options = { type: "try", cniVersions: ["1.1.0"], stateDir: folder, runtimeDir: folder, lingerSeconds: 0 };
  const path = join(folder, "try");
  writeFileSync(path, writeNativeExecutable(program, options), { mode: 0o700 });
  const { stdout, error } = spawnSync(path, { env: { CNI_COMMAND: "VERSION" }, encoding: "utf8" });
  if (stdout !== `${versionAnswer(options)}\n`)
    throw new Error(`what it built does not run${error === undefined ? "" : `: ${error.message}`}`);
}

/**
 * Writes a type's settings into a copy of the program: texts behind the mark, in the order that settings.c reads.
 * @throws {CniError} stateUnusable when they are too long.
 * @throws {Error} when the program has no place for them.
 */
export function writeNativeExecutable(program: Buffer, options: ExecutableOptions): Buffer {
  const { stateDir, runtimeDir, type } = options;
  const [socketHead = "", socketTail = ""] = warmSocketPath(stateDir, "\0", basename(runtimeDir)).split("\0");
  const single = [`${versionAnswer(options)}\n`, type, socketHead, socketTail];
  const texts = [
    MARK,
    ...single,
    ...nodeArguments(options),
    "",
    ...warmHostArguments(options),
    "",
    ...PASSED_VARIABLES,
    "",
  ];
  const settings = Buffer.from(texts.map((text) => `${text}\0`).join(""), "utf8");
  if (settings.byteLength > SETTINGS_BYTES)
    throw new CniError("stateUnusable", "the paths of state directory and runtime folder are too long", {
      details: `want ${SETTINGS_BYTES} bytes of settings, got ${settings.byteLength}`,
    });
  const place = program.indexOf(`${MARK}\0`);
  if (place < 0 || place + SETTINGS_BYTES > program.byteLength) throw new Error("no place for settings in the program");
  const copy = Buffer.from(program);
  copy.fill(0, place, place + SETTINGS_BYTES);
  settings.copy(copy, place);
  return copy;
}
