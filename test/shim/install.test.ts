import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installShims } from "../../host/shim/install.ts";
import { checkRootOnly } from "../../host/shim/root-only.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-shims-"));
  for (const name of ["state", "dist"]) mkdirSync(join(folder, name), { mode: 0o700 });
  for (const file of [
    "shim.cjs",
    "warm-host.mjs",
    "host.mjs",
    "helper.mjs",
    "sandbox.mjs",
    "transpiler.mjs",
    "koffi.node",
  ]) {
    writeFileSync(join(folder, "dist", file), file);
  }
  writeFileSync(join(folder, "node"), "node", { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const install = (binDir = join(folder, "bin")) =>
  installShims({
    stateDir: join(folder, "state"),
    binDir,
    bundleDir: join(folder, "dist"),
    nodePath: join(folder, "node"),
    types: [
      { type: "bridge", cniVersions: ["1.0.0"] },
      { type: "loopback", cniVersions: ["1.0.0"] },
    ],
    lingerSeconds: 30,
  });

const needsRoot = process.getuid?.() === 0 ? describe : describe.skip;
needsRoot("installShims (as root: owners are checked)", () => {
  test("writes one executable per type, and what it runs below the state directory", () => {
    const { runtimeDir, executables } = install();
    expect(executables).toEqual([join(folder, "bin/bridge"), join(folder, "bin/loopback")]);
    expect(statSync(join(folder, "bin/bridge")).mode & 0o777).toBe(0o755);
    expect(runtimeDir.startsWith(join(folder, "state/runtime/"))).toBe(true);
    expect(readdirSync(runtimeDir).sort()).toEqual([
      "helper.mjs",
      "host.mjs",
      "koffi.node",
      "node",
      "sandbox.mjs",
      "shim.cjs",
      "transpiler.mjs",
      "warm-host.mjs",
    ]);
  });

  test("links a Node that is root's alone and copies one that others may write to", () => {
    const linked = install().runtimeDir;
    expect(statSync(join(linked, "node")).ino).toBe(statSync(join(folder, "node")).ino);
    rmSync(linked, { recursive: true });
    chmodSync(join(folder, "node"), 0o775);
    const copied = install().runtimeDir;
    expect(statSync(join(copied, "node")).ino).not.toBe(statSync(join(folder, "node")).ino);
    expect(statSync(join(copied, "node")).mode & 0o022).toBe(0);
  });

  test("keeps a runtime that is there, and replaces its own executables", () => {
    const first = install();
    expect(install()).toEqual(first);
  });

  test("says beside the runtime which executables start it, in every directory", () => {
    const { runtimeDir, executables } = install();
    const others = install(join(folder, "other")).executables;
    const users = JSON.parse(readFileSync(`${runtimeDir}.users.json`, "utf8")) as readonly string[];
    expect(users).toEqual([...executables, ...others].toSorted());
  });

  test("refuses to replace another program, and leaves nothing", () => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin/loopback"), "ELF");
    expect(() => install()).toThrow(expect.objectContaining({ kind: "alreadyExists" }));
    expect(readdirSync(join(folder, "bin"))).toEqual(["loopback"]);
    expect(existsSync(join(folder, "state/runtime"))).toBe(false);
  });

  test("refuses a directory that others may write to, naming it", () => {
    mkdirSync(join(folder, "open"));
    chmodSync(join(folder, "open"), 0o777);
    expect(() => install(join(folder, "open/bin"))).toThrow(JSON.stringify(join(folder, "open")));
    expect(() => install(join(folder, "open"))).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
  });

  test("refuses a path with a part that belongs to another user", () => {
    mkdirSync(join(folder, "theirs/bin"), { recursive: true });
    chownSync(join(folder, "theirs"), 1000, 1000);
    expect(() => checkRootOnly(join(folder, "theirs/bin"))).toThrow(JSON.stringify(join(folder, "theirs")));
  });

  test("takes a sticky directory above, and not as the thing itself", () => {
    mkdirSync(join(folder, "sticky/bin"), { recursive: true });
    chmodSync(join(folder, "sticky"), 0o1777);
    expect(() => checkRootOnly(join(folder, "sticky/bin"))).not.toThrow();
    expect(() => checkRootOnly(join(folder, "sticky"))).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
  });
});
