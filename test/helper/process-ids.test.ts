/**
 * @module Process ids are given again: none of them says whether somebody lives.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recover } from "../../host/helper/ledger/recovery.ts";
import { openLocks } from "../../host/helper/locks.ts";
import { listen, removeDeadSockets } from "../../host/helper/server.ts";
import { openTestLedger, operationOf, temporaryStateDir } from "./ledger/support.ts";

/** Far above any that is given. */
const DEAD_PID = 2 ** 30;

test("an operation whose helper's id is another living process's by now is recovered, and one that lives is not, whatever its id", async () => {
  const stateDir = temporaryStateDir();
  const ledger = openTestLedger(stateDir);
  const locks = openLocks(stateDir);
  ledger.openOperation(operationOf("dead", "c1", { helperPid: process.pid }));
  ledger.openOperation(operationOf("alive", "c2", { helperPid: DEAD_PID }));
  writeFileSync(join(stateDir, "calls", "dead"), `${process.pid}\n`);
  using lock = openLocks(stateDir).operation("alive");
  const recovered = await recover(ledger, locks, () => Promise.resolve([]));
  expect(lock).toBeDefined();
  expect(recovered.map(({ operation }) => operation.id)).toEqual(["dead"]);
  expect(ledger.unfinishedOperations().map(({ id }) => id)).toEqual(["alive"]);
});

test("locks that name this process, or one that is gone, are free unless the kernel says that they are held", () => {
  const stateDir = temporaryStateDir();
  const locks = openLocks(stateDir);
  for (const [name, pid] of [
    ["uid-1", process.pid],
    ["uid-2", DEAD_PID],
  ] as const)
    writeFileSync(join(stateDir, "locks", name), String(pid));
  using one = locks.uid(1);
  using two = locks.uid(2);
  expect([one, two]).not.toContain(undefined);
  expect(openLocks(stateDir).uid(1)).toBeUndefined();
});

test("a helper listens where a killed one of the same process id left its socket", async () => {
  const runDir = join(temporaryStateDir(), "run");
  mkdirSync(runDir);
  const path = join(runDir, `helper-${process.pid}.sock`);
  const code = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  expect(() => execFileSync(process.execPath, ["-e", code], { stdio: "ignore" })).toThrow();
  expect(existsSync(path)).toBe(true);
  await removeDeadSockets(runDir);
  using listening = await listen(path, () => undefined);
  expect(listening.path).toBe(path);
});
