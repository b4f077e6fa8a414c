/**
 * @module Commands of the machine, for tests.
 */
import { execFileSync } from "node:child_process";

/** Runs a command and gives its output. */
export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs a command that prints JSON, or nothing, and gives its value: an array. */
export function runJson(command: string, ...args: readonly string[]): readonly unknown[] {
  const output = run(command, ...args).trim();
  return output === "" ? [] : (JSON.parse(output) as readonly unknown[]);
}

/** Asks until the answer is true. @throws {Error} naming what was waited for, when it does not come. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const WAIT_MS = 10_000;
const POLL_MS = 10;
