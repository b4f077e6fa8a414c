import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CommandContext } from "../../host/cli/context.ts";
import { digest, runProgram } from "./run-program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-cli-"));
  mkdirSync(join(folder, "guests"));
  for (const type of ["bridge", "static"]) writeFileSync(join(folder, "guests", `${type}.wasm`), type);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[], overrides: Partial<CommandContext> = {}) => runProgram(folder, args, overrides);

describe("install", () => {
  test("shows what would be granted, and installs when told yes beforehand", async () => {
    const { asked, out } = await run(["install", "bridge", "--yes"]);
    expect(out.join("\n")).toContain("masquerade: masquerades");
    expect(asked).toContainEqual(["commit", "bridge"]);
  });

  test("takes every bundled plugin, and shows differences", async () => {
    const { asked, out } = await run(["install", "--bundled", "--yes"]);
    expect(asked.filter((entry) => (entry as string[])[0] === "commit")).toEqual([
      ["commit", "bridge"],
      ["commit", "static"],
    ]);
    expect(out.join("\n")).toContain("widened: a: b → c");
  });

  test("takes a file, and narrower capabilities", async () => {
    writeFileSync(join(folder, "x.wasm"), "mine");
    writeFileSync(join(folder, "c.json"), '{"ipam":{}}');
    const { asked } = await run(["install", join(folder, "x.wasm"), "--yes", "--capabilities", join(folder, "c.json")]);
    expect(asked).toContainEqual(["plan", "mine", { ipam: {} }]);
  });

  test("takes bridges that others made, for one component at a time", async () => {
    expect((await run(["install", "bridge", "--yes", "--adopt", "cni0", "cni1"])).asked).toContainEqual([
      "plan",
      "bridge",
      undefined,
      ["cni0", "cni1"],
    ]);
    const { asked, thrown } = await run(["install", "--bundled", "--yes", "--adopt", "cni0"]);
    expect(thrown).toMatchObject({ kind: "invalidEnvironment" });
    expect(asked).toEqual([]);
  });

  test.for([
    { title: "nobody can be asked", args: ["install", "bridge"], overrides: {}, kind: "notPermitted" },
    {
      title: "the answer is no",
      args: ["install", "bridge"],
      overrides: { ask: async () => false },
      kind: "notPermitted",
    },
    { title: "there is no such thing", args: ["install", "nothing", "--yes"], overrides: {}, kind: "ioFailure" },
    { title: "nothing is named", args: ["install", "--yes"], overrides: {}, kind: "invalidEnvironment" },
  ])("installs nothing when $title", async ({ args, overrides, kind }) => {
    const { asked, thrown } = await run(args, overrides);
    expect(thrown).toMatchObject({ kind });
    expect(asked.filter((entry) => (entry as string[])[0] === "commit")).toEqual([]);
  });

  test("installs nothing that may have been changed, and says how to vouch for it", async () => {
    writeFileSync(join(folder, "x.wasm"), "unverified");
    const { asked, thrown } = await run(["install", join(folder, "x.wasm"), "--yes"]);
    expect(thrown).toMatchObject({ kind: "componentRejected" });
    expect((thrown as { details: string }).details).toContain(`--digest ${digest}`);
    expect(asked.filter((entry) => (entry as string[])[0] === "commit")).toEqual([]);
  });

  test("asks a person at a terminal", async () => {
    expect((await run(["install", "bridge"], { ask: async () => true })).asked).toContainEqual(["commit", "bridge"]);
  });
});
