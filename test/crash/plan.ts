/**
 * @module What a test tells the programs of the crash tests through files beside the state directory, and what they tell back.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FaultPoint } from "../../host/spec/fault-points.ts";

/** Who is killed. */
export type Victim = "helper" | "sandbox" | "host" | "shim";
/** What happens at the point: somebody is killed, or what would come next fails. */
export type Act = { readonly kill: Victim } | { readonly refuse: "kernel" | "ledger" };
/**
 * From where on the points are counted: a verb's begin with its `begin-operation`, those of a start with the helper's.
 * A name with its detail is counted by itself, from 0: calls that run beside each other mix their points in any order.
 */
export type Gate = "verb" | "start";

/** What the programs do at the points of the next verb, or the next start. */
export type Plan = { readonly id: string; readonly gate: Gate } & (
  | { readonly record: true }
  | {
      readonly record: false;
      /** A name of the list, and behind a space its detail if it has one. */
      readonly point: string;
      readonly occurrence: number;
      readonly act: Act;
    }
);

/** Gives a point with its detail, as plans have it. */
export function textOfPoint(name: FaultPoint, detail: string): string {
  return detail === "" ? name : `${name} ${detail}`;
}

const fileOf = (stateDir: string, name: string): string => join(dirname(stateDir), name);

/** Tells the programs. Forgets what an earlier plan told back. */
export function writePlan(stateDir: string, plan: Plan): void {
  for (const name of ["points", "reached"]) rmSync(fileOf(stateDir, name), { force: true });
  writeWhole(fileOf(stateDir, "plan.json"), JSON.stringify(plan));
}

/** Takes the plan away. */
export function removePlan(stateDir: string): void {
  rmSync(fileOf(stateDir, "plan.json"), { force: true });
}

/** `undefined`: there is none. */
export function readPlan(stateDir: string): Plan | undefined {
  const text = readIfThere(fileOf(stateDir, "plan.json"));
  return text === undefined ? undefined : (JSON.parse(text) as Plan);
}

/** Tells who the shim is that may be killed. */
export function writeShimPid(stateDir: string, pid: number): void {
  writeWhole(fileOf(stateDir, "shim.pid"), String(pid));
}

/** `undefined`: nobody was named. */
export function readShimPid(stateDir: string): number | undefined {
  const text = readIfThere(fileOf(stateDir, "shim.pid"));
  return text === undefined ? undefined : Number(text);
}

/** Notes a point that was passed. */
export function notePoint(stateDir: string, point: string): void {
  writeFileSync(fileOf(stateDir, "points"), `${point}\n`, { flag: "a" });
}

/** Notes, so that it outlives the process, the point at which the act happens. */
export function noteReached(stateDir: string, point: string): void {
  const fd = openSync(fileOf(stateDir, "reached"), "w");
  writeSync(fd, point);
  fsyncSync(fd);
  closeSync(fd);
}

/** The points that were passed. */
export function pointsPassed(stateDir: string): readonly string[] {
  return (readIfThere(fileOf(stateDir, "points")) ?? "").split("\n").filter((point) => point !== "");
}

/** The point that was reached; `undefined`: it was not. */
export function pointReached(stateDir: string): string | undefined {
  return readIfThere(fileOf(stateDir, "reached"));
}

/** A reader finds the file whole, or not at all. */
function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
