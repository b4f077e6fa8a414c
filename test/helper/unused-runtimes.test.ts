/**
 * @module Which runtime folders of executables are removed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { layoutOf } from "../../host/components/layout.ts";
import { removeUnusedRuntimes } from "../../host/helper/unused-runtimes.ts";
import { temporaryStateDir } from "./ledger/support.ts";

const HOUR_S = 3_600;

function prepare() {
  const layout = layoutOf(temporaryStateDir());
  const binDir = join(layout.stateDir, "bin");
  mkdirSync(binDir);
  const age = (path: string): void => utimesSync(path, Date.now() / 1000 - HOUR_S, Date.now() / 1000 - HOUR_S);
  const addRuntime = (name: string, users?: readonly string[]): string => {
    const folder = join(layout.runtimeDir, name);
    mkdirSync(folder, { recursive: true });
    const paths = users?.map((type) => join(binDir, type));
    if (paths !== undefined) writeFileSync(layout.runtimeUsers(name), JSON.stringify(paths));
    age(folder);
    return folder;
  };
  const addExecutable = (type: string, text: string): void => {
    writeFileSync(join(binDir, type), text);
    age(join(binDir, type));
  };
  return { layout, binDir, addRuntime, addExecutable, remove: () => removeUnusedRuntimes(layout, Date.now) };
}

test("removes a folder that none of its executables names any more, and what says whose it is", () => {
  const { layout, addRuntime, addExecutable, remove } = prepare();
  const old = addRuntime("0000000a", ["bridge", "gone"]);
  const current = addRuntime("0000000b", ["bridge"]);
  addExecutable("bridge", `exec ${current}/node`);
  expect(remove()).toEqual([old]);
  expect(readdirSync(layout.runtimeDir)).toEqual(["0000000b", "0000000b.users.json"]);
});

test.for([
  { title: "names it as a script", text: (folder: string) => `#!/bin/sh\nexec '${folder}/node' x` },
  { title: "names it as a program", text: (folder: string) => `\x7fELF\0\xff${folder}/node\0` },
])("keeps a folder as long as one executable $title, in whichever directory", ({ text }) => {
  const { addRuntime, addExecutable, remove } = prepare();
  const folder = addRuntime("0000000a", ["bridge", "other/bridge"]);
  addExecutable("bridge", text(folder));
  expect(remove()).toEqual([]);
});

test("keeps a folder that does not say whose it is, and one that says nonsense", () => {
  const { layout, addRuntime, remove } = prepare();
  addRuntime("0000000a");
  addRuntime("0000000b", []);
  writeFileSync(layout.runtimeUsers("0000000b"), "{");
  expect(remove()).toEqual([]);
});

test("keeps a folder that was just installed, and one whose executable was just replaced", () => {
  const { binDir, addRuntime, remove } = prepare();
  const fresh = addRuntime("0000000a", ["loopback"]);
  utimesSync(fresh, new Date(), new Date());
  const replaced = addRuntime("0000000b", ["bridge"]);
  writeFileSync(join(binDir, "bridge"), "another");
  expect(remove()).toEqual([]);
  expect([fresh, replaced].every((folder) => existsSync(folder))).toBe(true);
});

test("keeps a folder that a process runs from", async () => {
  const { addRuntime, remove } = prepare();
  const folder = addRuntime("0000000a", ["bridge"]);
  symlinkSync("/bin/sleep", join(folder, "node"));
  utimesSync(folder, 1, 1);
  const child = spawn(join(folder, "node"), ["60"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  expect(remove()).toEqual([]);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(remove()).toEqual([folder]);
});

test("does without a folder for them", () => {
  const { layout, remove } = prepare();
  rmSync(layout.runtimeDir, { recursive: true, force: true });
  expect(remove()).toEqual([]);
});
