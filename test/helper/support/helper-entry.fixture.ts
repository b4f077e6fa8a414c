/**
 * The real helper, with a fake sandbox, and a place to die: `--die POINT:NUMBER` ends the process the way SIGKILL does when the
 * ledger comes to that point for that time; the point is written to stderr first, so that a test sees that it was reached. `--fail` throws there instead, as a full disk does.
 */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { runHelper } from "../../../host/helper/main.ts";
import { watchFaultPoints } from "../../../host/spec/fault-points.ts";
import { CniError } from "../../../host/spec/error.ts";

const [, stateDir = "", option = "", die = ""] = process.argv.slice(2);
const [point = "", number = "1"] = die.split("@");
let count = 0;

function watch(name: string): void {
  const reached = name.replace(/^ledger\./u, "");
  if (reached !== point) return;
  count += 1;
  if (count !== Number(number)) return;
  writeSync(2, `reached ${point}@${number}\n`);
  if (option === "--fail") throw new CniError("stateUnusable", "the disk is full");
  process.kill(process.pid, "SIGKILL");
}

const fake = join(import.meta.dirname, "fake-sandbox.fixture.mjs");
watchFaultPoints(watch);
await runHelper({ stateDir, bundles: { sandbox: fake, transpiler: fake } });
