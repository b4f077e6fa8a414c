/**
 * @module The state directory: whose it must be. Needs root: files are given to other users.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openStateDirectory, readIsolation } from "../../host/helper/state-directory.ts";
import { isCniError } from "../../host/spec/error.ts";

const ANYBODY = 12_345;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Kind and text of the error, or nothing. */
function refusal(path: string): string | undefined {
  try {
    openStateDirectory(path);
    return undefined;
  } catch (error) {
    return isCniError(error) ? `${error.kind} ${error.message} ${error.details ?? ""}` : String(error);
  }
}

test("creates a directory that is not there, closed to others, and takes it again", () => {
  const path = join(temporaryFolder(), "deep", "state");
  const { layout, isolation } = openStateDirectory(path);
  expect(isolation).toBe(readIsolation());
  expect(readFileSync(layout.version, "utf8")).toBe("1\n");
  for (const folder of [path, join(path, "ledger"), join(path, "calls"), join(path, "locks"), join(path, "run")]) {
    expect(lstatSync(folder).mode & 0o7777, folder).toBe(0o700);
  }
  expect(openStateDirectory(path).path).toBe(path);
});

test("gives the path without symbolic links", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "real"), { mode: 0o700 });
  symlinkSync(join(folder, "real"), join(folder, "link"));
  expect(openStateDirectory(join(folder, "link")).path).toBe(join(folder, "real"));
});

test.for([
  { title: "belongs to another user", spoil: (path: string) => chownSync(path, ANYBODY, 0), says: `uid ${ANYBODY}` },
  { title: "is open to the group", spoil: (path: string) => chmodSync(path, 0o750), says: "chmod 0700" },
  {
    title: "has a parent that belongs to another user",
    spoil: (path: string) => chownSync(join(path, ".."), ANYBODY, 0),
    says: `uid ${ANYBODY}`,
  },
  {
    title: "has a parent that others may write to",
    spoil: (path: string) => chmodSync(join(path, ".."), 0o777),
    says: "others may write",
  },
  {
    title: "has a part that belongs to another user",
    spoil: (path: string) => chownSync(join(path, "grants"), ANYBODY, 0),
    says: "grants",
  },
  { title: "has a part that is a file", spoil: (path: string) => replaceByFile(join(path, "locks")), says: "locks" },
  {
    title: "has a part that is a link",
    spoil: (path: string) => replaceByLink(join(path, "types")),
    says: "is not a directory",
  },
  {
    title: "is of a newer version",
    spoil: (path: string) => writeFileSync(join(path, "version"), "2\n"),
    says: "version 2, wanted 1",
  },
  {
    title: "has nonsense for a version",
    spoil: (path: string) => writeFileSync(join(path, "version"), "x"),
    says: "not a version",
  },
])("is refused when it $title", ({ spoil, says }) => {
  const path = join(temporaryFolder(), "parent", "state");
  openStateDirectory(path);
  spoil(path);
  const text = refusal(path);
  expect(text).toMatch(/^stateUnusable /);
  expect(text).toContain(says);
});

test("a parent that is sticky is as good as closed", () => {
  const parent = temporaryFolder();
  chmodSync(parent, 0o1777);
  expect(refusal(join(parent, "state"))).toBeUndefined();
});

test("nothing is made below a directory of another user", () => {
  const parent = temporaryFolder();
  chownSync(parent, ANYBODY, 0);
  expect(refusal(join(parent, "a", "state"))).toMatch(/^stateUnusable /);
  expect(() => lstatSync(join(parent, "a"))).toThrow("ENOENT");
});

test("a relative path and a file are refused", () => {
  const file = join(temporaryFolder(), "file");
  writeFileSync(file, "");
  expect(refusal("state")).toMatch(/^stateUnusable .*absolute/);
  expect(refusal(file)).toMatch(/^stateUnusable .*not a directory/);
  expect(refusal(join(file, "below"))).toMatch(/^stateUnusable /);
});

test.for([
  { title: "read-only", options: "ro", says: "EROFS" },
  { title: "full", options: "nr_inodes=3", says: "ENOSPC" },
])("a file system that is $title is stateUnusable", ({ options, says }) => {
  const folder = temporaryFolder();
  const script = join(folder, "open.ts");
  const module = join(import.meta.dirname, "../../host/helper/state-directory.ts");
  const attempt = `try { openStateDirectory("${folder}/mounted/state"); } catch (error) { console.log(error.kind, error.message, error.details); }`;
  writeFileSync(script, `import { openStateDirectory } from ${JSON.stringify(module)};\n${attempt}`);
  mkdirSync(join(folder, "mounted"), { mode: 0o700 });
  const mount = `mount -t tmpfs -o mode=0700,${options} none "$1/mounted" && exec "$2" "$1/open.ts"`;
  const output = execFileSync("unshare", ["--mount", "sh", "-c", mount, "sh", folder, process.execPath], {
    encoding: "utf8",
  });
  expect(output).toMatch(/^stateUnusable /);
  expect(output).toContain(says);
});

test("root of a user namespace is told from root of the machine", () => {
  const module = join(import.meta.dirname, "../../host/helper/state-directory.ts");
  const script = `import { readIsolation } from ${JSON.stringify(module)}; console.log(readIsolation());`;
  const args = ["--user", "--map-root-user", process.execPath, "--input-type=module", "-e", script];
  expect(spawnSync("unshare", args, { encoding: "utf8" }).stdout).toBe("reduced\n");
  expect(readIsolation()).toBe("full");
});

function replaceByFile(path: string): void {
  rmSync(path, { recursive: true });
  writeFileSync(path, "");
}

function replaceByLink(path: string): void {
  rmSync(path, { recursive: true });
  symlinkSync("/tmp", path);
}
