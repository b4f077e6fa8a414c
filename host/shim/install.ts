/**
 * @module Puts executables into a CNI_PATH directory, and what they run, root-owned, under the state directory.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CniError } from "../spec/error.ts";
import { isOwnExecutable } from "./executable.ts";
import type { ExecutableOptions } from "./executable.ts";
import { buildNativeProgram, NATIVE_FOLDER, NATIVE_SOURCES, writeNativeExecutable } from "./native.ts";
import { checkRootOnly, isWritableByOthers } from "./root-only.ts";
import { writeScript } from "./script.ts";

/** Files of the bundle folder that a shim needs, itself included. */
const RUNTIME_FILES = [
  "shim.cjs",
  "warm-host.mjs",
  "host.mjs",
  "helper.mjs",
  "sandbox.mjs",
  "transpiler.mjs",
  "koffi.node",
] as const;
/** Hexadecimal digits of a runtime folder's name. Short: it is part of a socket's path, which has 107 bytes. */
const RUNTIME_NAME_DIGITS = 8;

/** What to install, and where. */
export interface ShimInstallOptions {
  /** The state directory; it must be there and checked already. */
  readonly stateDir: string;
  readonly binDir: string;
  readonly bundleDir: string;
  readonly nodePath: string;
  readonly types: readonly { readonly type: string; readonly cniVersions: readonly string[] }[];
  /** How long a warm host stays without a call; 0: it ends with its call. */
  readonly lingerSeconds: number;
  /** Whether to build the native shim where there is a C compiler. @default false */
  readonly isNativeWanted?: boolean;
}

/** What was installed. */
export interface InstalledShims {
  readonly runtimeDir: string;
  readonly executables: readonly string[];
  /** `native`: programs that need no Node beside a warm host; `node`: scripts that start Node. */
  readonly kind: "native" | "node";
  /** Why this kind: the compiler, or why there is no native shim. */
  readonly reason: string;
}

/**
 * Installs one executable per type. What is there already and is not ours is never replaced.
 * @throws {CniError} stateUnusable naming the part of a path that others than root may write to.
 * @throws {CniError} alreadyExists when the directory has another program of that name.
 */
export function installShims(options: ShimInstallOptions): InstalledShims {
  mkdirSync(options.binDir, { recursive: true, mode: 0o755 });
  const binDir = realpathSync(options.binDir);
  const stateDir = realpathSync(options.stateDir);
  checkRootOnly(binDir);
  checkRootOnly(stateDir);
  for (const { type } of options.types) checkReplaceable(join(binDir, type));
  const runtimeDir = installRuntime({ ...options, stateDir });
  recordUsers(
    runtimeDir,
    options.types.map(({ type }) => join(binDir, type)),
  );
  const { program, reason } =
    options.isNativeWanted === true
      ? buildNativeProgram(join(options.bundleDir, NATIVE_FOLDER), runtimeDir)
      : { program: undefined, reason: "the native shim was not asked for" };
  const executables = options.types.map(({ type, cniVersions }) => {
    const path = join(binDir, type);
    writeExecutable(path, { type, cniVersions, stateDir, runtimeDir, lingerSeconds: options.lingerSeconds }, program);
    return path;
  });
  return { runtimeDir, executables, kind: program === undefined ? "node" : "native", reason };
}

function checkReplaceable(path: string): void {
  if (!existsSync(path) || isOwnExecutable(readFileSync(path, "latin1"))) return;
  throw new CniError("alreadyExists", `${JSON.stringify(path)} is another program`, {
    details: "move it away, or give another --bin-dir",
  });
}

/**
 * Writes beside a runtime folder which executables start it, those of other directories included: a helper removes a folder that none
 * of them names any more, and that was not touched for a while.
 */
function recordUsers(runtimeDir: string, executables: readonly string[]): void {
  const path = `${runtimeDir}.users.json`;
  const known = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as readonly string[]) : [];
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify([...new Set([...known, ...executables])].toSorted()), { mode: 0o600 });
  renameSync(temporary, path);
  const now = new Date();
  utimesSync(runtimeDir, now, now);
}

/** Copies Node and the bundles into a folder named after what they are; one that is there is complete. */
function installRuntime({ stateDir, bundleDir, nodePath }: ShimInstallOptions): string {
  const parent = join(stateDir, "runtime");
  const runtimeDir = join(parent, runtimeName(bundleDir, nodePath));
  if (existsSync(runtimeDir)) return runtimeDir;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const temporary = `${runtimeDir}.${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { mode: 0o700 });
  for (const file of RUNTIME_FILES) {
    copyFileSync(join(bundleDir, file), join(temporary, file));
    chmodSync(join(temporary, file), 0o600);
  }
  placeNode(nodePath, join(temporary, "node"));
  renameSync(temporary, runtimeDir);
  return runtimeDir;
}

function runtimeName(bundleDir: string, nodePath: string): string {
  const hash = createHash("sha256");
  for (const file of RUNTIME_FILES) hash.update(readFileSync(join(bundleDir, file)));
  for (const file of NATIVE_SOURCES.map((name) => join(bundleDir, NATIVE_FOLDER, name)))
    hash.update(existsSync(file) ? readFileSync(file) : "");
  const { size, mtimeMs } = statSync(nodePath);
  hash.update(`${realpathSync(nodePath)} ${size} ${mtimeMs}`);
  return hash.digest("hex").slice(0, RUNTIME_NAME_DIGITS);
}

/** Links Node where the file is root's alone, which saves its 120 MB; copies it where it is not, or lies on another file system. */
function placeNode(nodePath: string, target: string): void {
  const source = realpathSync(nodePath);
  const stat = statSync(source);
  if (stat.uid === 0 && !isWritableByOthers(stat)) {
    try {
      linkSync(source, target);
      return;
    } catch {
      // Another file system, or one without hard links: copied below.
    }
  }
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
  chmodSync(target, 0o755);
}

/** Replaces an executable in one step: a runtime may start it at any moment. */
function writeExecutable(path: string, options: ExecutableOptions, program: Buffer | undefined): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, program === undefined ? writeScript(options) : writeNativeExecutable(program, options), {
    mode: 0o755,
  });
  chmodSync(temporary, 0o755);
  renameSync(temporary, path);
}
