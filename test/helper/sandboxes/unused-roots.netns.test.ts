/**
 * @module Which roots of sandboxes are removed, and which are not. As root: roots are root's.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { layoutOf } from "../../../host/components/layout.ts";
import { ensureSandboxRoot } from "../../../host/helper/sandboxes/sandbox-root.ts";
import type { SandboxRoot } from "../../../host/helper/sandboxes/sandbox-root.ts";
import { removeUnusedRoots } from "../../../host/helper/sandboxes/unused-roots.ts";
import { openStateDirectory } from "../../../host/helper/state-directory.ts";

function prepare() {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const [bundlePath, nodePath] = [join(folder, "bundle.mjs"), join(folder, "node")];
  writeFileSync(bundlePath, "1;");
  copyFileSync("/bin/true", nodePath);
  const { path: stateDir } = openStateDirectory(join(folder, "state"));
  const options = { bundlePath, nodePath, stateDir };
  const make = (): SandboxRoot => ensureSandboxRoot(options);
  const remove = (): readonly string[] => removeUnusedRoots(layoutOf(stateDir));
  return { ...options, make, remove, names: () => readdirSync(layoutOf(stateDir).sandboxRootDir) };
}

test("a root of a bundle that was replaced goes when nobody uses it any more, and nothing of it is left", () => {
  const { bundlePath, make, remove, names } = prepare();
  const old = make();
  const also = make();
  writeFileSync(bundlePath, "22;");
  const fresh = make();
  expect(remove()).toEqual([]);
  old[Symbol.dispose]();
  expect(remove(), "another helper uses it").toEqual([]);
  also[Symbol.dispose]();
  expect(remove()).toEqual([old.path]);
  expect(existsSync(fresh.path)).toBe(true);
  const [name] = old.path.split("/").slice(-1);
  expect(names().filter((each) => each.startsWith(name ?? ""))).toEqual([]);
});

test("a root that can still be used stays, whether or not somebody uses it", () => {
  const { make, remove } = prepare();
  make()[Symbol.dispose]();
  expect(remove()).toEqual([]);
  make()[Symbol.dispose]();
});

test("a root that does not say what it was made of goes, and is made again", () => {
  const { make, remove } = prepare();
  const root = make();
  root[Symbol.dispose]();
  const file = `${root.path}.sources.json`;
  const { libraries } = JSON.parse(readFileSync(file, "utf8")) as { readonly libraries: readonly unknown[] };
  writeFileSync(file, JSON.stringify({ libraries }));
  expect(remove()).toEqual([root.path]);
  using again = make();
  expect(existsSync(again.path)).toBe(true);
});

test("what another helper is building is left alone", () => {
  const { stateDir, make, remove, names } = prepare();
  make()[Symbol.dispose]();
  const unfinished = `${"0".repeat(32)}.new-1-abcdef`;
  mkdirSync(join(layoutOf(stateDir).sandboxRootDir, unfinished));
  remove();
  expect(names()).toContain(unfinished);
});
