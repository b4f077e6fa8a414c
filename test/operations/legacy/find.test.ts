import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findExecutable, searchExecutable } from "../../../host/operations/legacy/find.ts";
import { MARK } from "../../../host/shim/executable.ts";
import { writeScript } from "../../../host/shim/script.ts";
import { createScripts } from "./script.ts";
import type { ScriptFolder } from "./script.ts";

let scripts: ScriptFolder;
let bin = "";
beforeEach(() => {
  scripts = createScripts();
  bin = join(scripts.path, "bin");
});
afterEach(() => scripts[Symbol.dispose]());

describe("an executable", () => {
  test("is found in the first folder that has it, also by a symbolic link", () => {
    const target = scripts.script("other", "exit 0");
    const first = join(scripts.path, "first");
    mkdirSync(first);
    symlinkSync(target, join(first, "old"));
    scripts.script("old", "exit 0");
    expect(findExecutable("old", ["/nowhere", first, bin])).toBe(join(first, "old"));
  });

  test("is no folder, no file that may not be executed, no broken link, and none of ours", () => {
    mkdirSync(join(bin, "folder"));
    chmodSync(scripts.script("plain", ""), 0o644);
    symlinkSync("/nowhere", join(bin, "broken"));
    const own = writeScript({ type: "own", cniVersions: [], stateDir: "/s", runtimeDir: "/r", lingerSeconds: 0 });
    scripts.script("own", own);
    // As the program has it that a C compiler built: behind its code, with its settings.
    scripts.script("program", `\x7fELF${"\0".repeat(20_000)}${MARK}\0`);
    for (const type of ["folder", "plain", "broken", "own", "program", "absent"]) {
      expect(searchExecutable(type, [bin])).toBeUndefined();
      expect(() => findExecutable(type, [bin])).toThrow(
        expect.objectContaining({ kind: "unknownPlugin", details: `searched: ${bin}` }),
      );
    }
  });

  test("is not searched for where a process happens to be", () => {
    scripts.script("old", "exit 0");
    expect(searchExecutable("old", [`../../../../../..${bin}`, "", "."])).toBeUndefined();
  });

  test.for(["../bin/old", "a/b", "/bin/sh", "..", "", "a b", "old\0"])("is not %j: no type", (type) => {
    scripts.script("old", "exit 0");
    expect(() => findExecutable(type, [bin])).toThrow(expect.objectContaining({ kind: "invalidNetworkConfig" }));
  });
});
