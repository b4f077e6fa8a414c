/**
 * @module What is in a sandbox's root, and when it is made anew.
 */
import {
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ensureSandboxRoot } from "../../../host/helper/sandboxes/sandbox-root.ts";
import { openStateDirectory } from "../../../host/helper/state-directory.ts";

function prepare(): {
  readonly folder: string;
  readonly stateDir: string;
  readonly bundlePath: string;
  readonly nodePath: string;
} {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const bundlePath = join(folder, "bundle.mjs");
  const nodePath = join(folder, "node");
  writeFileSync(bundlePath, "1;");
  // A small dynamic program in Node's place.
  copyFileSync("/bin/true", nodePath);
  return { folder, bundlePath, nodePath, stateDir: openStateDirectory(join(folder, "state")).path };
}

test("holds nothing but two programs, their libraries and the bundle, root's and read-only", () => {
  const options = prepare();
  const { path } = ensureSandboxRoot(options);
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length));
  expect(files).toEqual(expect.arrayContaining(["/node", "/setpriv", "/sandbox.mjs"]));
  for (const file of files) expect(file).toMatch(/^\/(node|setpriv|sandbox\.mjs|(usr\/)?lib[^/]*\/.*\.so[.\d]*)$/);
  for (const entry of ["", ...entries.map((each) => join(each.parentPath, each.name).slice(path.length))]) {
    const { uid, mode } = lstatSync(join(path, entry));
    expect([entry, uid, mode & 0o022]).toEqual([entry, 0, 0]);
  }
  expect(lstatSync(path).mode & 0o777).toBe(0o555);
  expect(readFileSync(join(path, "sandbox.mjs"), "utf8")).toBe("1;");
});

test("has the same file as Node where that is root's alone, and a copy otherwise", () => {
  const options = prepare();
  expect(statSync(join(ensureSandboxRoot(options).path, "node")).ino).toBe(statSync(options.nodePath).ino);
  const other = prepare();
  chownSync(other.nodePath, 12_345, 0);
  const copy = statSync(join(ensureSandboxRoot(other).path, "node"));
  expect(copy.ino).not.toBe(statSync(other.nodePath).ino);
  expect([copy.uid, copy.mode & 0o7777]).toEqual([0, 0o555]);
});

test("is made once, and another one for another bundle or another Node", () => {
  const options = prepare();
  const first = ensureSandboxRoot(options).path;
  const { ino } = statSync(first);
  expect(ensureSandboxRoot(options).path).toBe(first);
  expect(statSync(first).ino).toBe(ino);
  writeFileSync(options.bundlePath, "22;");
  expect(ensureSandboxRoot(options).path).not.toBe(first);
  copyFileSync("/bin/false", options.nodePath);
  utimesSync(options.nodePath, 1, 1);
  expect(ensureSandboxRoot(options).path).not.toBe(first);
  expect(existsSync(first)).toBe(true);
});

test("is made anew when a library has changed, or half of it is missing", () => {
  const options = prepare();
  const { path } = ensureSandboxRoot(options);
  const { ino } = statSync(path);
  const sources = JSON.parse(readFileSync(`${path}.sources.json`, "utf8")) as { libraries: { identity: string }[] };
  writeFileSync(
    `${path}.sources.json`,
    JSON.stringify({ libraries: sources.libraries.map((library) => ({ ...library, identity: "old" })) }),
  );
  expect(ensureSandboxRoot(options).path).toBe(path);
  expect(statSync(path).ino).not.toBe(ino);
  rmSync(`${path}.sources.json`);
  ensureSandboxRoot(options);
  expect(readdirSync(join(options.stateDir, "sandbox-root")).filter((name) => /new|old/.test(name))).toEqual([]);
});

test("a Node that is missing is named", () => {
  const options = prepare();
  expect(() => ensureSandboxRoot({ ...options, nodePath: "/nonexistent/node" })).toThrow(
    expect.objectContaining({ kind: "missingFeature" }),
  );
});
