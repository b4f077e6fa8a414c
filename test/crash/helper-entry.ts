/**
 * @module The helper with a hook at each record of its ledger: there it notes the point, or kills whom the plan names.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArguments, runHelper } from "../../host/helper/main.ts";
import { notePoint, noteReached, readPlan, removePlan } from "./plan.ts";
import type { Victim } from "./plan.ts";

/** The first record of a verb. */
const FIRST_POINT = "operation:before";

const dist = join(import.meta.dirname, "..");
const { stateDir } = parseArguments(process.argv.slice(2));
let planId: string | undefined;
let passed = new Map<string, number>();

function hook(point: string): void {
  const plan = readPlan(stateDir);
  if (plan === undefined) return;
  if (plan.id !== planId) {
    if (point !== FIRST_POINT) return;
    planId = plan.id;
    passed = new Map();
  }
  if (plan.record) return notePoint(stateDir, point);
  const occurrence = passed.get(point) ?? 0;
  passed.set(point, occurrence + 1);
  if (point === plan.point && occurrence === plan.occurrence) {
    noteReached(stateDir, point);
    removePlan(stateDir);
    for (const pid of pidsOf(plan.victim)) process.kill(pid, "SIGKILL");
  }
}

function pidsOf(victim: Victim): readonly number[] {
  if (victim === "helper") return [process.pid];
  return victim === "host" ? [process.ppid] : innermostOf(process.pid);
}

/** The processes below a process that have none below them: sandboxes, without what started them. */
function innermostOf(pid: number): readonly number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const below = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" "));
  return below
    .filter((text) => text !== "")
    .flatMap((text) => {
      const deeper = innermostOf(Number(text));
      return deeper.length === 0 ? [Number(text)] : deeper;
    });
}

await runHelper({
  stateDir,
  hook,
  bundles: { sandbox: join(dist, "sandbox.mjs"), transpiler: join(dist, "transpiler.mjs") },
});
