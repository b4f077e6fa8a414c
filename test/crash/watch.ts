/**
 * @module Follows a plan in a process that passes fault points: notes them, or acts at the one that the plan names.
 */
import { readFileSync, readdirSync } from "node:fs";
import { KernelError } from "../../host/kernel/error.ts";
import { CniError } from "../../host/spec/error.ts";
import type { FaultPoint, FaultWatcher } from "../../host/spec/fault-points.ts";
import { notePoint, noteReached, readPlan, readShimPid, removePlan, textOfPoint } from "./plan.ts";
import type { Act, Gate, Victim } from "./plan.ts";
import { killNow } from "../support/processes.ts";

/** Who the victims are, seen from this process. */
export type PidsOf = (victim: Victim) => readonly number[];

/** Makes the watcher of one process. */
export function followPlan(stateDir: string, pidsOf: PidsOf): FaultWatcher {
  let planId: string | undefined;
  let passed = new Map<string, number>();
  return (name, detail) => {
    const plan = readPlan(stateDir);
    if (plan === undefined) return;
    if (plan.id !== planId) {
      if (!isGate(plan.gate, name, detail)) return;
      planId = plan.id;
      passed = new Map();
    }
    const point = textOfPoint(name, detail);
    if (plan.record) return notePoint(stateDir, point);
    const occurrence = passed.get(point) ?? 0;
    passed.set(point, occurrence + 1);
    if (point !== plan.point || occurrence !== plan.occurrence) return;
    noteReached(stateDir, point);
    removePlan(stateDir);
    perform(plan.act, detail, pidsOf);
  };
}

function isGate(gate: Gate, name: FaultPoint, detail: string): boolean {
  if (gate === "start") return name === "helper.open-state:before" || name === "host.start-helper:before";
  return (name === "helper.method:before" || name === "host.request:before") && detail === "begin-operation";
}

function perform(act: Act, detail: string, pidsOf: PidsOf): void {
  if ("kill" in act) {
    for (const pid of pidsOf(act.kill)) killNow(pid);
    return;
  }
  // No other error number means so little: what is busy, gone or there already is met.
  if (act.refuse === "kernel") throw new KernelError("ENOMEM", detail, "refused by the test");
  throw new CniError("stateUnusable", "the ledger cannot be written", { details: "refused by the test" });
}

/** The victims, seen from a helper. */
export function pidsSeenFromHelper(stateDir: string): PidsOf {
  return (victim) => {
    if (victim === "helper") return [process.pid];
    if (victim === "host") return [process.ppid];
    return victim === "sandbox" ? innermostOf(process.pid) : [readShimPid(stateDir)].filter((pid) => pid !== undefined);
  };
}

/** The processes below a process that have none below them: sandboxes, without what started them. */
function innermostOf(pid: number): readonly number[] {
  return childrenOf(pid).flatMap((child) => {
    const deeper = innermostOf(child);
    return deeper.length === 0 ? [child] : deeper;
  });
}

/** The processes that a process started. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const texts = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" "));
    return texts.filter((text) => text !== "").map(Number);
  } catch {
    return [];
  }
}
