/**
 * @module The processes of one state directory: its helper, and sandboxes, whoever their parent is by now.
 */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** A process. */
export interface FoundProcess {
  readonly pid: number;
  readonly role: "helper" | "sandbox";
}

/** Finds them: a helper names the state directory, a sandbox lives in a root below it. Dead ones that nobody waited for yet are left out. */
export function processesOf(stateDir: string): readonly FoundProcess[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  return pids.map(Number).flatMap((pid) => {
    const role = pid === process.pid ? undefined : roleOf(pid, stateDir);
    return role === undefined ? [] : [{ pid, role }];
  });
}

/** The process ids of the sandboxes of a state directory. */
export function sandboxesOf(stateDir: string): readonly number[] {
  return processesOf(stateDir).flatMap(({ pid, role }) => (role === "sandbox" ? [pid] : []));
}

/** Kills a process, unless it ended before. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended before.
  }
}

function roleOf(pid: number, stateDir: string): FoundProcess["role"] | undefined {
  try {
    if (isZombie(pid)) return undefined;
    if (readlinkSync(join("/proc", String(pid), "root")).startsWith(stateDir)) return "sandbox";
    const command = readFileSync(join("/proc", String(pid), "cmdline"), "utf8").split("\0");
    return command.includes("--state-dir") && command.includes(stateDir) ? "helper" : undefined;
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

function isZombie(pid: number): boolean {
  const stat = readFileSync(join("/proc", String(pid), "stat"), "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
}
