import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { STDOUT_MAX_BYTES, execute } from "../../../host/operations/legacy/execute.ts";
import type { Execution } from "../../../host/operations/legacy/execute.ts";
import { until } from "../../support/command.ts";
import { createScripts } from "./script.ts";
import type { ScriptFolder } from "./script.ts";

let scripts: ScriptFolder;
beforeEach(() => {
  scripts = createScripts();
});
afterEach(() => scripts[Symbol.dispose]());

const run = (body: string, change: Partial<Execution> = {}) =>
  execute({ who: "plugin", path: scripts.script("old", body), environment: {}, stdin: "", ...change });
const fileOf = (name: string) => join(scripts.path, name);
const pidIn = (name: string): number => Number(readFileSync(fileOf(name), "utf8"));
const isRunning = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/u.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

describe("an executable", () => {
  test("gets the environment and the stdin that it is given, and nothing else", async () => {
    const environment = { CNI_COMMAND: "ADD", CNIDARIA_WITHIN: "op-1" };
    const { stdout, exitCode } = await run("/usr/bin/env | /usr/bin/sort; cat", {
      environment: { ...environment, PATH: "/usr/bin:/bin" },
      stdin: "hello",
    });
    const lines = stdout.split("\n");
    expect(lines.filter((line) => !/^(PWD|_|OLDPWD|SHLVL)=/u.test(line))).toEqual([
      "CNIDARIA_WITHIN=op-1",
      "CNI_COMMAND=ADD",
      "PATH=/usr/bin:/bin",
      "hello",
    ]);
    expect(lines).toContain("PWD=/");
    expect(exitCode).toBe(0);
  });

  test("need not read a large stdin", async () => {
    const stdin = "x".repeat(1 << 20);
    expect(await run("echo '{}'", { stdin })).toMatchObject({ exitCode: 0, stdout: "{}\n" });
  });

  test("ends by its exit code or by a signal, and the last of its stderr is kept", async () => {
    const { exitCode, stderr } = await run("i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; exit 7");
    expect(exitCode).toBe(7);
    expect(stderr.length).toBeLessThanOrEqual(16 * 1024);
    expect(stderr).toMatch(/line 2999\n$/u);
    expect(await run("kill -SEGV $$")).toMatchObject({ exitCode: undefined, signal: "SIGSEGV" });
  });

  test("that does not end is killed with what it started", async () => {
    const running = run(`/bin/sleep 1000 & echo $! > ${fileOf("child")}; echo $$ > ${fileOf("self")}; wait`, {
      environment: { PATH: "/bin" },
      deadlineMs: 300,
    });
    await expect(running).rejects.toMatchObject({
      kind: "limitExceeded",
      message: "plugin did not end within 300 ms and was killed",
    });
    for (const name of ["self", "child"]) await until(`the end of ${name}`, () => !isRunning(pidIn(name)));
  });

  test("that says too much is killed", async () => {
    await expect(run("while :; do echo 0123456789012345678901234567890123456789; done")).rejects.toMatchObject({
      kind: "limitExceeded",
      message: `plugin wrote more than ${STDOUT_MAX_BYTES} bytes to its stdout and was killed`,
    });
  });

  test("is killed when whoever called is gone, and not started when they were", async () => {
    const controller = new AbortController();
    const running = run(`echo $$ > ${fileOf("self")}; exec /bin/sleep 1000`, { signal: controller.signal });
    running.catch(() => undefined);
    await until("its start", () => existsSync(fileOf("self")) && readFileSync(fileOf("self"), "utf8") !== "");
    controller.abort();
    await expect(running).rejects.toMatchObject({ kind: "tryAgainLater" });
    await until("its end", () => !isRunning(pidIn("self")));
    await expect(run(`touch ${fileOf("again")}`, { signal: controller.signal })).rejects.toMatchObject({
      kind: "tryAgainLater",
    });
    expect(existsSync(fileOf("again"))).toBe(false);
  });

  test("that leaves a child behind with its descriptors has ended all the same, and the child lives", async () => {
    const { stdout } = await run(`/bin/sleep 1000 & echo $! > ${fileOf("child")}; echo '{}'`);
    expect(stdout).toBe("{}\n");
    expect(isRunning(pidIn("child"))).toBe(true);
    process.kill(pidIn("child"));
  });
});

describe("an executable that somebody is writing to", () => {
  test("is started when they have finished", async () => {
    const path = scripts.script("old", "echo '{}'");
    const descriptor = openSync(path, "a");
    const running = execute({ who: "plugin", path, environment: {}, stdin: "" });
    setTimeout(() => closeSync(descriptor), 400);
    expect(await running).toMatchObject({ exitCode: 0, stdout: "{}\n" });
  });

  test("is an error when they do not, never a success", async () => {
    const path = scripts.script("old", "echo '{}'");
    const descriptor = openSync(path, "a");
    try {
      await expect(execute({ who: "plugin", path, environment: {}, stdin: "" })).rejects.toMatchObject({
        kind: "ioFailure",
        message: "plugin could not be started: ETXTBSY",
      });
    } finally {
      closeSync(descriptor);
    }
  }, 30_000);
});

test.for(["/nowhere/at/all", "/etc/passwd", "/tmp"])("%s cannot be started", async (path) => {
  await expect(execute({ who: "plugin", path, environment: {}, stdin: "" })).rejects.toMatchObject({
    kind: "ioFailure",
  });
});
