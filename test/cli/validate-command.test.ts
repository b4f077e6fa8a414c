import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CommandContext } from "../../host/cli/context.ts";
import { createProgram } from "../../host/cli/program.ts";
import type { Host, ValidateRequest, ValidationReport } from "../../host/index.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cnidaria-validate-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, value: unknown): void =>
  writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));
const list = (name: string, ...types: string[]): object => ({
  cniVersion: "1.0.0",
  name,
  plugins: types.map((type) => ({ type })),
});

/** A host that finds `bad` bad and `odd` odd. */
const fakeHost = (asked: ValidateRequest[]): Host =>
  ({
    validate: async (request: ValidateRequest): Promise<ValidationReport> => {
      asked.push(request);
      const { name, plugins } = JSON.parse(String(request.network)) as { name: string; plugins: { type: string }[] };
      const problems = plugins.flatMap(({ type }, plugin) =>
        type === "bad" || type === "odd"
          ? [
              {
                plugin,
                type,
                severity: type === "bad" ? ("error" as const) : ("warning" as const),
                message: `it is ${type}`,
                fix: "change it",
              },
            ]
          : [],
      );
      const ok = problems.every(({ severity }) => severity !== "error");
      return { ok, name, cniVersion: "1.0.0", problems, capabilityArgs: name === "ports" ? ["portMappings"] : [] };
    },
    [Symbol.asyncDispose]: async () => undefined,
  }) as unknown as Host;

const run = async (...args: string[]) => {
  const asked: ValidateRequest[] = [];
  const out: string[] = [];
  let exitCode = 0;
  const context: CommandContext = {
    environment: { NETCONFPATH: folder, CNI_PATH: "/opt/cni/bin:/usr/lib/cni" },
    print: (line) => out.push(line),
    note: () => undefined,
    style: { isColoured: false },
    ask: undefined,
    openHost: async () => fakeHost(asked),
    bundleDir: folder,
    nodePath: "node",
    version: "1",
    exitWith: (code) => {
      exitCode = code;
    },
  };
  await createProgram(context).parseAsync(["node", "cnidaria", "--state-dir", "/s", "validate", ...args]);
  return { asked, out, exitCode };
};

describe("cnidaria validate", () => {
  test("says ok of a network, and what it takes from the runtime", async () => {
    write("10-a.conflist", list("ports", "x"));
    const { asked, out, exitCode } = await run("ports");
    expect(out).toEqual([
      `ports (CNI 1.0.0, ${join(folder, "10-a.conflist")}): ok`,
      "  takes from the runtime: portMappings",
    ]);
    expect(exitCode).toBe(0);
    expect(asked).toEqual([
      { network: JSON.stringify(list("ports", "x")), pluginDirs: ["/opt/cni/bin", "/usr/lib/cni"] },
    ]);
  });

  test("prints a table of problems; an error is exit code 1", async () => {
    write("10-a.conflist", list("a", "odd", "bad"));
    const { out, exitCode } = await run("a");
    expect(out).toEqual([
      `a (CNI 1.0.0, ${join(folder, "10-a.conflist")}): cannot be used as it is`,
      "  PLUGIN  SEVERITY  PROBLEM    WHAT TO DO",
      "  0 odd   warning   it is odd  change it",
      "  1 bad   error     it is bad  change it",
    ]);
    expect(exitCode).toBe(1);
  });

  test("a warning is exit code 0", async () => {
    write("10-a.conflist", list("a", "odd"));
    const { out, exitCode } = await run("a");
    expect(out[0]).toContain("ok, with warnings");
    expect(exitCode).toBe(0);
  });

  test("without a name it is about every file, broken ones as well, with their drop-ins", async () => {
    write("30-c.conflist", list("c", "x"));
    write("20-b.conflist", "{");
    write("10-a.conflist", list("a", "x"));
    mkdirSync(join(folder, "a"));
    write("a/10.conf", { type: "odd" });
    const { out, asked, exitCode } = await run();
    expect(out.filter((line) => !line.startsWith("  ")).map((line) => line.split(": ").at(-1))).toEqual([
      "ok, with warnings",
      "cannot be used as it is",
      "ok",
    ]);
    expect(asked).toHaveLength(2);
    expect(exitCode).toBe(1);
  });

  test("--json has all of it", async () => {
    write("10-a.conflist", list("a", "bad"));
    const { out, exitCode } = await run("a", "--json");
    expect(JSON.parse(out.join("\n"))).toEqual({
      ok: false,
      networks: [
        {
          path: join(folder, "10-a.conflist"),
          ok: false,
          name: "a",
          cniVersion: "1.0.0",
          problems: [{ plugin: 0, type: "bad", severity: "error", message: "it is bad", fix: "change it" }],
          capabilityArgs: [],
        },
      ],
    });
    expect(exitCode).toBe(1);
  });

  test("--file is about that file", async () => {
    write("draft.conf", { cniVersion: "1.0.0", name: "draft", type: "x" });
    expect((await run("--file", join(folder, "draft.conf"))).out[0]).toMatch(/^draft .*: ok$/u);
    const { out, exitCode } = await run("--file", join(folder, "none.conf"));
    expect(out[0]).toContain("cannot be used as it is");
    expect(exitCode).toBe(1);
  });

  test.for([
    { title: "a network that is nowhere", args: ["nope"] },
    { title: "a name that leaves the folder", args: ["../a"] },
  ])("$title is exit code 1", async ({ args }) => {
    const { asked, exitCode } = await run(...args);
    expect(asked).toEqual([]);
    expect(exitCode).toBe(1);
  });

  test("a name and a file are too much", async () => {
    await expect(run("a", "--file", "b")).rejects.toMatchObject({ kind: "invalidEnvironment" });
  });
});
