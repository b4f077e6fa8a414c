/**
 * @module Everything that a call could leave behind on a node, as sorted lines: before and after are the same, or something was left.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { isCniError } from "../../host/index.ts";
import type { TestHost } from "./host.ts";
import { nodeSnapshot } from "./node-snapshot.ts";
import type { Snapshot } from "./node-snapshot.ts";
import { sandboxesOf } from "./processes.ts";

export { containerSnapshot, type Snapshot } from "./node-snapshot.ts";

/**
 * Looks at the node: links, addresses, routes, packet filter; and, with a host, at its ledger, leases, attachments, locks and busy
 * sandboxes. The frame of the packet filter, two empty maps and a chain that looks into them, stays and is no line.
 */
export async function snapshot(test?: TestHost): Promise<Snapshot> {
  return [...nodeSnapshot(), ...(test === undefined ? [] : await stateLines(test))].toSorted();
}

/** Expects that the node, and what a host keeps, is as it was; and that no sandbox runs that burns time or has a call. */
export async function expectNothingLeft(before: Snapshot, test?: TestHost): Promise<void> {
  expect(await snapshot(test)).toEqual(before);
  if (test !== undefined) await expectIdle(test);
}

async function stateLines({ host, stateDir }: TestHost): Promise<string[]> {
  const key = (row: { readonly network: string; readonly containerId: string; readonly ifname: string }) =>
    `${row.network} ${row.containerId} ${row.ifname}`;
  return [
    ...(await host.ledger()).map((row) => `ledger ${key(row)} ${row.kind} ${row.description} ${row.state}`),
    ...(await host.leases()).map((row) => `lease ${key(row)} ${row.address}`),
    ...(await host.attachments()).map((row) => `attachment ${key(row)}`),
    ...readdirSync(join(stateDir, "calls")).map((name) => `operation ${name}`),
    ...readdirSync(join(stateDir, "locks"))
      .filter((name) => !name.startsWith("uid-") && name !== "gc")
      .map((name) => `lock ${name}`),
  ];
}

/** A sandbox that loops uses time; one that is idle none. */
async function expectIdle({ stateDir }: TestHost): Promise<void> {
  const times = (): string =>
    sandboxesOf(stateDir)
      .map((pid) => `${pid} ${cpuTicks(pid)}`)
      .join();
  let last = times();
  for (let round = 0; round < IDLE_ROUNDS; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_PAUSE_MS));
    const now = times();
    if (now === last) return;
    last = now;
  }
  expect.fail(`a sandbox is busy: process and ticks ${last}`);
}

const IDLE_ROUNDS = 20;
/** Longer than two ticks of a busy process's clock. */
const IDLE_PAUSE_MS = 100;

/** User and system time. Source: proc_pid_stat(5), fields 14 and 15. */
function cpuTicks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [utime, stime] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13);
    return Number(utime) + Number(stime);
  } catch {
    return 0;
  }
}

/** Runs something that must fail with one of CNI's codes, and gives the error. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ readonly code: number; readonly message: string; readonly text: string }> {
  try {
    await promise;
  } catch (error) {
    if (!isCniError(error)) throw error;
    return { code: error.code, message: error.message, text: `${error.message}; ${error.details ?? ""}` };
  }
  return expect.fail("it succeeded");
}
