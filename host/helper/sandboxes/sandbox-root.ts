/**
 * @module The directory that a sandbox sees as "/": Node, its libraries, one bundle, and what drops privileges last.
 */
import { execFileSync } from "node:child_process";
import { hash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { dirname, join } from "node:path";
import { layoutOf } from "../../components/layout.ts";
import { lockNow } from "../../kernel/flock.ts";
import type { Lock } from "../../kernel/flock.ts";
import { CniError } from "../../spec/error.ts";
import { placeBinary } from "./place-binary.ts";
import { findTool } from "./tools.ts";

/** What goes into a root. All paths absolute and trusted: the operator's installation. */
export interface SandboxRootOptions {
  readonly stateDir: string;
  /** The Node binary that this helper runs on. */
  readonly nodePath: string;
  /** One file of JavaScript, an ES module. */
  readonly bundlePath: string;
}

/** A root that is complete, and is not removed until it is disposed or the process ends. */
export interface SandboxRoot extends Disposable {
  readonly path: string;
}

/** Beside the roots: copies of programs and libraries that could not be linked from where they are. */
export const COPIES_FOLDER = "files";
/** How long the removal of a root is waited for, in ms. */
const REMOVAL_WAIT_MS = 5_000;

/** Paths inside a root. */
export const INSIDE = { node: "/node", setpriv: "/setpriv", bundle: "/sandbox.mjs" } as const;

/** A file as it was when a root was made. */
interface Source {
  readonly path: string;
  readonly identity: string;
}

/** Beside a root: what it was made of. */
export interface Sources {
  /** What the root's name is made of: with other ones, it is another root. */
  readonly inputs: readonly Source[];
  /** Libraries of these: with other ones, it is made anew. */
  readonly libraries: readonly Source[];
}

/**
 * Gives the root for this Node and this bundle, and makes it when it is not there or a file it was made of has changed.
 * @throws {CniError} stateUnusable when it cannot be written; missingFeature when a tool of Debian's is not installed.
 */
export function ensureSandboxRoot({ stateDir, nodePath, bundlePath }: SandboxRootOptions): SandboxRoot {
  const setpriv = findTool("setpriv");
  const layout = layoutOf(stateDir);
  const inputs = [nodePath, bundlePath, setpriv].map(sourceOf);
  const name = hash("sha256", inputs.map(({ identity }) => identity).join("\n"), "hex").slice(0, 32);
  const path = layout.sandboxRoot(name);
  // Before the root is looked at: another helper may be about to remove it.
  const lock = useRoot(path);
  const root = { path, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  if (isCurrent(path)) return root;
  const binaries = [
    { source: nodePath, inside: INSIDE.node },
    { source: setpriv, inside: INSIDE.setpriv },
  ];
  try {
    build(path, { binaries, bundlePath, inputs });
  } catch (cause) {
    lock[Symbol.dispose]();
    if (cause instanceof CniError) throw cause;
    throw new CniError("stateUnusable", `cannot make the root of sandboxes ${JSON.stringify(path)}`, {
      details: cause instanceof Error ? cause.message : "",
      cause,
    });
  }
  return root;
}

/** Path of the lock that whoever uses a root shares. */
export function rootLockOf(root: string): string {
  return `${root}.lock`;
}

/** @throws {CniError} stateUnusable when another helper does not finish removing the root. */
function useRoot(root: string): Lock {
  const lock = lockNow(rootLockOf(root), REMOVAL_WAIT_MS, "shared");
  if (lock !== undefined) return lock;
  throw new CniError("stateUnusable", `the root of sandboxes ${JSON.stringify(root)} is being removed`, {
    details: `waited for ${REMOVAL_WAIT_MS} ms`,
  });
}

interface Placement {
  readonly source: string;
  readonly inside: string;
}

function sourceOf(path: string): Source {
  const identity = identityIfThere(path);
  if (identity === undefined) throw new CniError("missingFeature", `file ${JSON.stringify(path)} is missing`);
  return { path, identity };
}

/** Changes when the file does; `undefined`: it is not there. Not its ctime: a new hard link changes that. */
export function identityIfThere(path: string): string | undefined {
  const stat = statIfThere(path);
  return stat === undefined ? undefined : `${path} ${stat.dev}:${stat.ino} ${stat.size}@${stat.mtimeNs}`;
}

function statIfThere(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

/** Path of the file that says what a root was made of: {@link Sources}. */
export function sourcesFileOf(root: string): string {
  return `${root}.sources.json`;
}

function isCurrent(root: string): boolean {
  if (statIfThere(root) === undefined || statIfThere(sourcesFileOf(root)) === undefined) return false;
  const { libraries } = JSON.parse(readFileSync(sourcesFileOf(root), "utf8")) as Sources;
  return libraries.every(({ path, identity }) => identityIfThere(path) === identity);
}

/** What a root is made of. */
interface Parts {
  readonly binaries: readonly Placement[];
  readonly bundlePath: string;
  readonly inputs: readonly Source[];
}

/** Makes a root beside its place and moves it there at once, so that nobody sees half of one. */
function build(root: string, { binaries, bundlePath, inputs }: Parts): void {
  const suffix = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const [fresh, stale] = [`${root}.new-${suffix}`, `${root}.old-${suffix}`];
  const libraries = [...new Set(binaries.flatMap(({ source }) => librariesOf(source)))];
  for (const { source, inside } of [...binaries, ...libraries.map((source) => ({ source, inside: source }))]) {
    mkdirSync(join(fresh, dirname(inside)), { recursive: true, mode: 0o755 });
    placeBinary(source, join(fresh, inside), join(dirname(root), COPIES_FOLDER));
  }
  // Not copied by the kernel: that would keep the owner.
  writeFileSync(join(fresh, INSIDE.bundle), readFileSync(bundlePath));
  chmodSync(join(fresh, INSIDE.bundle), 0o444);
  openToRead(fresh, libraries);
  const sources: Sources = { inputs, libraries: libraries.map(sourceOf) };
  writeFileSync(`${sourcesFileOf(root)}.${suffix}`, JSON.stringify(sources), { mode: 0o600 });
  if (statIfThere(root) !== undefined) renameSync(root, stale);
  renameIfAbsent(fresh, root);
  renameSync(`${sourcesFileOf(root)}.${suffix}`, sourcesFileOf(root));
  rmSync(stale, { recursive: true, force: true });
}

/** Sets every directory of a root to read and search for all, write for none. */
function openToRead(root: string, libraries: readonly string[]): void {
  const inside = new Set(["/"]);
  for (const library of libraries) for (let at = dirname(library); at !== "/"; at = dirname(at)) inside.add(at);
  for (const directory of inside) chmodSync(join(root, directory), 0o555);
}

/** Another helper may have put the same root there in the meantime: then that one is used. */
function renameIfAbsent(fresh: string, root: string): void {
  try {
    renameSync(fresh, root);
  } catch (error) {
    if (statIfThere(root) === undefined) throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Finds the shared libraries of a program, the loader included; none for a static one. */
function librariesOf(program: string): string[] {
  const listed = listLibraries(program);
  if (/ => not found/u.test(listed)) {
    throw new CniError("missingFeature", `a shared library of ${JSON.stringify(program)} is missing`, {
      details: listed.trim(),
    });
  }
  return [...listed.matchAll(/^\t(?:\S+ => )?(\/\S+) \(0x/gmu)].map((match) => match[1] ?? "");
}

function listLibraries(program: string): string {
  try {
    return execFileSync(findTool("ldd"), [program], { encoding: "utf8", env: {}, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
    if (/not a dynamic executable|Not a valid dynamic program/u.test(output)) return "";
    throw error;
  }
}
