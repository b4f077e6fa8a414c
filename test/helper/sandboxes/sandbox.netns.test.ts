/**
 * @module Starting and ending fenced processes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startTranspiler } from "../../../host/helper/sandboxes/sandbox.ts";
import { ECHO_BUNDLE, innermostOf, SPIN_BUNDLE } from "./fenced-programs.ts";
import { eventually, isRunning, nextLine, prepareFence, startTestSandbox } from "./support.ts";

const HELPER = join(import.meta.dirname, "helper.fixture.ts");

test("runs its bundle with an empty environment, its own uid and Node's permissions off", async () => {
  const sandbox = startTestSandbox(prepareFence(ECHO_BUNDLE));
  expect(JSON.parse(await nextLine(sandbox))).toEqual({
    environment: {},
    uid: sandbox.uid,
    argv: ["/node", "/sandbox.mjs"],
    readFile: "ERR_ACCESS_DENIED",
    spawn: "ERR_ACCESS_DENIED",
    worker: "ERR_ACCESS_DENIED",
  });
  sandbox.private.write("and back\n");
  expect(await nextLine(sandbox)).toBe("and back");
});

test("ends when the private channel ends, and gives its uid back", async () => {
  const fence = prepareFence(ECHO_BUNDLE);
  const sandbox = startTestSandbox(fence);
  await nextLine(sandbox);
  expect(readdirSync(join(fence.stateDir, "locks"))).toEqual([`uid-${sandbox.uid}`]);
  sandbox.private.destroy();
  expect(await sandbox.exited).toEqual({ code: 7, signal: null });
  expect(readdirSync(join(fence.stateDir, "locks"))).toEqual([]);
});

test("two sandboxes never have one uid", async () => {
  const fence = prepareFence(ECHO_BUNDLE);
  const [first, second] = [startTestSandbox(fence), startTestSandbox(fence)];
  await Promise.all([nextLine(first), nextLine(second)]);
  expect(first.uid).not.toBe(second.uid);
});

test("kill ends all of it, while it spins and before it has begun", async () => {
  const fence = prepareFence(SPIN_BUNDLE);
  const spinning = startTestSandbox(fence);
  await nextLine(spinning);
  const innermost = innermostOf(spinning.pid);
  const young = Array.from({ length: 8 }, () => startTestSandbox(fence));
  for (const sandbox of [spinning, ...young]) sandbox.kill();
  await Promise.all([spinning, ...young].map(({ exited }) => exited));
  expect(isRunning(innermost)).toBe(false);
  const ofOurs = new Set(young.map(({ uid }) => uid));
  expect(await eventually(() => uidsRunning().every((uid) => !ofOurs.has(uid)))).toBe(true);
});

test("keeps the end of what it writes, and stops listening to a flood", async () => {
  const flood = `import fs from "node:fs"; fs.writeSync(2, "first "); try { for (let i = 0; i < 100; i++) fs.writeSync(1, "x".repeat(8192)); } catch {} fs.writeSync(4, "done\\n");`;
  const sandbox = startTestSandbox(prepareFence(flood));
  expect(await nextLine(sandbox)).toBe("done");
  await sandbox.exited;
  expect(sandbox.output()).toBe("x".repeat(8192));
});

test("ends with a helper that is killed while it spins", async () => {
  const fence = prepareFence(SPIN_BUNDLE);
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const helper = spawn(process.execPath, [HELPER, fence.stateDir, fence.root.path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(helper.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  const innermost = innermostOf(pid);
  expect([isRunning(pid), isRunning(innermost)]).toEqual([true, true]);
  helper.kill("SIGKILL");
  expect(await eventually(() => !isRunning(pid) && !isRunning(innermost))).toBe(true);
});

test("a transpiler has its input on descriptor 3, and the same fence", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "input"), "bytes of a component");
  const fence = prepareFence(
    `import fs from "node:fs"; console.log(fs.readFileSync(3, "utf8"), Object.keys(process.env).length, process.getuid()); try { fs.readFileSync("/node"); } catch (error) { console.log(error.code); }`,
  );
  const control = openSync(join(folder, "input"), "r");
  const transpiler = startTranspiler({ ...fence, control });
  closeSync(control);
  expect(await transpiler.exited).toEqual({ code: 0, signal: null });
  expect(await eventually(() => transpiler.output().includes("DENIED"))).toBe(true);
  expect(transpiler.output()).toBe(`bytes of a component 0 ${transpiler.uid}\nERR_ACCESS_DENIED\n`);
});

/** Real uids of every process of the machine. */
function uidsRunning(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => (isRunning(Number(pid)) ? [uidOf(pid)] : []));
}

function uidOf(pid: string): number {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return -1;
  }
}
