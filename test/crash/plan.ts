/**
 * @module What a test tells the helper's test entry through files beside the state directory, and what it tells back.
 */
import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** Who is killed. */
export type Victim = "helper" | "sandbox" | "host";

/**
 * What the helper does at the points of the next verb, which begins with `operation:before`. Each name is counted by itself, from 0:
 * calls that run beside each other mix their points in any order.
 */
export type Plan =
  | { readonly id: string; readonly record: true }
  | {
      readonly id: string;
      readonly record: false;
      readonly point: string;
      readonly occurrence: number;
      readonly victim: Victim;
    };

const fileOf = (stateDir: string, name: string): string => join(dirname(stateDir), name);

/** Tells the helper. Forgets what an earlier plan told back. */
export function writePlan(stateDir: string, plan: Plan): void {
  for (const name of ["points", "reached"]) rmSync(fileOf(stateDir, name), { force: true });
  writeFileSync(fileOf(stateDir, "plan.json"), JSON.stringify(plan));
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

/** Notes a point that was passed. */
export function notePoint(stateDir: string, point: string): void {
  writeFileSync(fileOf(stateDir, "points"), `${point}\n`, { flag: "a" });
}

/** Notes, so that it outlives the process, the point at which somebody is killed. */
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

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
