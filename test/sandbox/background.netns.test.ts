/**
 * @module Who has priority in a sandbox.
 */
import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { innermostOf } from "../helper/sandboxes/fenced-programs.ts";
import { nextLine, prepareFence, startTestSandbox } from "../helper/sandboxes/support.ts";

const SOURCE = readFileSync(resolve(import.meta.dirname, "../../host/sandbox/background.ts"), "utf8");

/** Does what a sandbox does with its threads, says so, and stays. */
const BUNDLE = `${stripTypeScriptTypes(SOURCE)}
import { readSync, writeSync } from "node:fs";
yieldInBackground();
writeSync(4, "done\\n");
readSync(4, Buffer.alloc(1));`;

/** Reads the nice value of each thread, by the thread's name. Source: proc_pid_stat(5), field 19. */
function nicenesses(pid: number): ReadonlyMap<string, number> {
  return new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const [, name = "", rest = ""] =
        /^\d+ \((.*)\) (.*)$/su.exec(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8")) ?? [];
      return [thread === String(pid) ? "main" : name, Number(rest.split(" ")[16])];
    }),
  );
}

test("what optimises a guest's code gives way to everybody, the guest to nobody", async () => {
  const sandbox = startTestSandbox(prepareFence(BUNDLE));
  expect(await nextLine(sandbox)).toBe("done");
  const found = nicenesses(innermostOf(sandbox.pid));
  expect(found.get("main")).toBe(0);
  expect([...found].filter(([name]) => name !== "main").map(([, niceness]) => niceness)).toEqual(
    Array.from({ length: found.size - 1 }, () => 19),
  );
  expect(found.size).toBeGreaterThan(1);
});
