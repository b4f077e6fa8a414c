/**
 * @module The directory that a sandbox sees as "/": Node, its libraries, one bundle, and what drops privileges last.
 */
import { execFileSync } from "node:child_process";
import { hash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { dirname, join } from "node:path";
import { layoutOf } from "../../components/layout.ts";
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

/** A root that is complete. */
export interface SandboxRoot {
  readonly path: string;
}

/** Paths inside a root. */
export const INSIDE = { node: "/node", setpriv: "/setpriv", bundle: "/sandbox.mjs" } as const;

/** Beside a root: the libraries it was made of. */
interface Sources {
  readonly libraries: readonly { readonly path: string; readonly identity: string }[];
}

/**
 * Gives the root for this Node and this bundle, and makes it when it is not there or a file it was made of has changed.
 * @throws {CniError} stateUnusable when it cannot be written; missingFeature when a tool of Debian's is not installed.
 */
export function ensureSandboxRoot({ stateDir, nodePath, bundlePath }: SandboxRootOptions): SandboxRoot {
  const setpriv = findTool("setpriv");
  const layout = layoutOf(stateDir);
  const identities = [nodePath, bundlePath, setpriv].map(identityOf);
  const path = layout.sandboxRoot(hash("sha256", identities.join("\n"), "hex").slice(0, 32));
  if (isCurrent(path)) return { path };
  const binaries = [
    { source: nodePath, inside: INSIDE.node },
    { source: setpriv, inside: INSIDE.setpriv },
  ];
  try {
    build(path, binaries, bundlePath);
  } catch (cause) {
    if (cause instanceof CniError) throw cause;
    throw new CniError("stateUnusable", `cannot make the root of sandboxes ${JSON.stringify(path)}`, {
      details: cause instanceof Error ? cause.message : "",
      cause,
    });
  }
  return { path };
}

interface Placement {
  readonly source: string;
  readonly inside: string;
}

/** Changes when the file does. Not its ctime: a new hard link changes that. */
function identityOf(path: string): string {
  const stat = statIfThere(path);
  if (stat === undefined) throw new CniError("missingFeature", `file ${JSON.stringify(path)} is missing`);
  return `${path} ${stat.dev}:${stat.ino} ${stat.size}@${stat.mtimeNs}`;
}

function statIfThere(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

function sourcesFile(root: string): string {
  return `${root}.sources.json`;
}

function isCurrent(root: string): boolean {
  if (statIfThere(root) === undefined || statIfThere(sourcesFile(root)) === undefined) return false;
  const { libraries } = JSON.parse(readFileSync(sourcesFile(root), "utf8")) as Sources;
  return libraries.every(({ path, identity }) => statIfThere(path) !== undefined && identityOf(path) === identity);
}

/** Makes a root beside its place and moves it there at once, so that nobody sees half of one. */
function build(root: string, binaries: readonly Placement[], bundlePath: string): void {
  const suffix = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const [fresh, stale] = [`${root}.new-${suffix}`, `${root}.old-${suffix}`];
  const libraries = [...new Set(binaries.flatMap(({ source }) => librariesOf(source)))];
  for (const { source, inside } of [...binaries, ...libraries.map((source) => ({ source, inside: source }))]) {
    mkdirSync(join(fresh, dirname(inside)), { recursive: true, mode: 0o755 });
    placeBinary(source, join(fresh, inside), join(dirname(root), "files"));
  }
  // Not copied by the kernel: that would keep the owner.
  writeFileSync(join(fresh, INSIDE.bundle), readFileSync(bundlePath));
  chmodSync(join(fresh, INSIDE.bundle), 0o444);
  openToRead(fresh, libraries);
  const sources: Sources = { libraries: libraries.map((path) => ({ path, identity: identityOf(path) })) };
  writeFileSync(`${sourcesFile(root)}.${suffix}`, JSON.stringify(sources), { mode: 0o600 });
  if (statIfThere(root) !== undefined) renameSync(root, stale);
  renameIfAbsent(fresh, root);
  renameSync(`${sourcesFile(root)}.${suffix}`, sourcesFile(root));
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
