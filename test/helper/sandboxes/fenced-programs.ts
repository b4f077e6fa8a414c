/**
 * @module Bundles that tests run inside the fence, and where to find the process that runs them.
 */
import { readFileSync } from "node:fs";

/** Answers with what it sees, then sends back what it gets; ends with the channel. */
export const ECHO_BUNDLE = `
  import fs from "node:fs";
  const tried = (action) => { try { action(); return "allowed"; } catch (error) { return error.code; } };
  fs.writeSync(4, JSON.stringify({
    environment: process.env, uid: process.getuid(), argv: process.argv,
    readFile: tried(() => fs.readFileSync("/setpriv")), spawn: tried(() => process.getBuiltinModule("child_process").spawnSync("/setpriv")),
    worker: tried(() => new (process.getBuiltinModule("worker_threads").Worker)("0", { eval: true })),
  }) + "\\n");
  const bytes = Buffer.alloc(1024);
  for (;;) {
    const length = fs.readSync(4, bytes);
    if (length === 0) process.exit(7);
    fs.writeSync(4, bytes.subarray(0, length));
  }`;
/** Says that it runs, then never looks up again. */
export const SPIN_BUNDLE = `import fs from "node:fs"; fs.writeSync(4, "spinning\\n"); for (;;);`;

/** The child of the outermost process: the first of the sandbox's PID namespace. */
export function innermostOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}
