import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isOwnExecutable } from "../../host/shim/executable.ts";
import { writeScript } from "../../host/shim/script.ts";

let folder = "";
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "cnidaria-script-")), "it's a folder");
  mkdirSync(folder);
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

/** Writes a script whose "node" prints its arguments and environment. */
const install = (): string => {
  writeFileSync(join(folder, "node"), '#!/bin/sh\necho "$@"\nenv\n', { mode: 0o755 });
  const path = join(folder, "bridge");
  const text = writeScript({
    type: "bridge",
    cniVersions: ["0.4.0", "1.0.0"],
    stateDir: "/s",
    runtimeDir: folder,
    lingerSeconds: 30,
  });
  writeFileSync(path, text, { mode: 0o755 });
  return path;
};

describe("the script", () => {
  test("answers VERSION without starting anything", () => {
    const path = install();
    rmSync(join(folder, "node"));
    const answer: unknown = JSON.parse(execFileSync(path, { env: { CNI_COMMAND: "VERSION" }, encoding: "utf8" }));
    expect(answer).toEqual({ cniVersion: "1.1.0", supportedVersions: ["0.4.0", "1.0.0"] });
  });

  test("passes type, state directory and linger, and CNI's variables and no others", () => {
    const environment = {
      CNI_COMMAND: "ADD",
      CNI_NETNS: "/a b'c",
      NODE_OPTIONS: "--x",
      LD_LIBRARY_PATH: "/evil",
      HOME: "/root",
    };
    const lines = execFileSync(install(), { env: environment, encoding: "utf8" }).split("\n");
    expect(lines[0]).toBe(`${folder}/shim.cjs bridge /s 30`);
    expect(lines).toContain("CNI_COMMAND=ADD");
    expect(lines).toContain("CNI_NETNS=/a b'c");
    expect(lines.filter((line) => /^(NODE_|LD_|HOME)/.test(line))).toEqual([]);
  });

  test("is told from another program", () => {
    expect(
      isOwnExecutable(writeScript({ type: "a", cniVersions: [], stateDir: "/s", runtimeDir: "/r", lingerSeconds: 0 })),
    ).toBe(true);
    expect(isOwnExecutable("#!/bin/sh\necho hello\n")).toBe(false);
    expect(isOwnExecutable("\x7fELF")).toBe(false);
  });
});
