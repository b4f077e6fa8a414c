/**
 * `doctor`, `ledger export`, `ledger rebuild`, `gc --all` and `check --repair` by the real command. Runs in a node namespace of its own: `npm test` makes it.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bridgeNetwork, createContainer, createFolder, nodeLinks } from "../host/stage.ts";
import type { Container, Folder } from "../host/stage.ts";

const COMMAND = resolve(import.meta.dirname, "../../bin/cnidaria.cjs");

let folder: Folder;
let container: Container;
beforeAll(() => {
  folder = createFolder();
  container = createContainer();
  writeFileSync(join(folder.path, "10-net1.conflist"), JSON.stringify(bridgeNetwork(1)));
  for (const type of ["bridge", "host-local"]) expect(run("install", type, "--yes").status).toBe(0);
  expect(run("add", "net1", container.netns).status).toBe(0);
});
afterAll(() => {
  container[Symbol.dispose]();
  folder[Symbol.dispose]();
});

function run(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { CNIDARIA_STATE_DIR: join(folder.path, "state"), NETCONFPATH: folder.path };
  const cache = ["--cache-dir", join(folder.path, "cache")];
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...cache, ...args], {
    env,
    encoding: "utf8",
  });
  // In a pipe there is no colour.
  expect(stdout + stderr).not.toContain("\u001b");
  return { status, stdout, stderr };
}
const loseAddress = (): void => {
  const { status } = spawnSync("ip", ["addr", "del", "10.77.1.1/24", "dev", "tb1"]);
  expect(status).toBe(0);
};

test("a reader that has read enough is no error, and the command goes on to its end", () => {
  // Nobody reads: the pipe is broken from the first line on.
  const line = `"$@" 2>"$ERRORS" | true; echo "\${PIPESTATUS[0]}"`;
  const errors = join(folder.path, "errors");
  const env = { CNIDARIA_STATE_DIR: join(folder.path, "state"), ERRORS: errors };
  const command = [process.execPath, COMMAND, "ledger", "export"];
  const { stdout } = spawnSync("bash", ["-c", line, "bash", ...command], { env, encoding: "utf8" });
  expect([stdout, readFileSync(errors, "utf8")]).toEqual(["0\n", ""]);
});

test("doctor: all is well", () => {
  expect(run("doctor")).toEqual({ status: 0, stdout: "all is well\n", stderr: "" });
  expect(JSON.parse(run("--json", "doctor").stdout)).toEqual({ differences: [], alive: [] });
});

test("doctor: says what differs with exit code 1, and repairs it with 0", () => {
  loseAddress();
  const found = run("doctor");
  expect(found.status).toBe(1);
  expect(found.stdout).toMatch(/^(missing|changed): .*\n {2}wanted .*, found .*\n {2}.*\n/u);
  expect(found.stdout).toContain('1 difference; "cnidaria doctor --repair" repairs what can be');
  const asked = run("--json", "doctor");
  expect(asked.status).toBe(1);
  expect(JSON.parse(asked.stdout)).toMatchObject({
    differences: [{ object: expect.stringContaining("10.77.1.1") as string }],
  });
  const repaired = run("doctor", "--repair");
  expect(repaired.status).toBe(0);
  expect(repaired.stdout).toContain("1 difference, all repaired");
  expect(run("doctor").status).toBe(0);
});

test("check: fails with CNI's error object, and --repair puts back what drifted", () => {
  loseAddress();
  const failed = run("check", "net1", container.netns);
  expect(failed.status).toBe(1);
  // The plugin's own CHECK sees it before the ledger's.
  expect(JSON.parse(failed.stdout)).toMatchObject({ code: 999, msg: expect.stringContaining("10.77.1.1") as string });
  expect(run("check", "net1", container.netns, "--repair").status).toBe(0);
  expect(run("check", "net1", container.netns)).toEqual({
    status: 0,
    stdout: "",
    stderr: expect.any(String) as string,
  });
});

test("ledger export and rebuild: a ledger that is lost comes back of a copy; one that is sound is refused", () => {
  const copy = join(folder.path, "copy.jsonl");
  const { status, stdout } = run("ledger", "export");
  expect(status).toBe(0);
  for (const line of stdout.trim().split("\n")) expect(JSON.parse(line)).toBeTypeOf("object");
  writeFileSync(copy, stdout);
  const refused = run("ledger", "rebuild", "--copy", copy);
  expect(refused.status).toBe(1);
  expect(refused.stderr + refused.stdout).toContain("is not damaged");
  for (const suffix of ["", "-wal", "-shm"])
    rmSync(join(folder.path, "state/ledger", `ledger.db${suffix}`), { force: true });
  const rebuilt = run("ledger", "rebuild", "--copy", copy);
  expect(rebuilt.status).toBe(0);
  expect(rebuilt.stdout).toMatch(
    /^there was no ledger\nrows restored: \d+\nfound by their tags: 0, of attachments: 0\n/u,
  );
  expect(rebuilt.stdout).toContain("import-leases");
  expect(run("doctor")).toEqual({ status: 0, stdout: "all is well\n", stderr: "" });
});

test("gc --all: what is not valid goes, and nothing is left", () => {
  expect(run("gc", "--all", "--valid", "").status).toBe(0);
  expect(nodeLinks()).toEqual([]);
  expect(JSON.parse(run("--json", "ledger").stdout)).toEqual([]);
  expect(run("doctor").status).toBe(0);
});
