/**
 * @module Session keyrings, seen through /proc/keys.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const KEYRING = join(import.meta.dirname, "../../host/kernel/keyring.ts");

/** Joins twice in a process of its own, and prints both serial numbers and what a child sees of its session. */
const PROGRAM = `
const { joinNewSessionKeyring } = await import(process.argv[1]);
const { readFileSync } = await import("node:fs");
const { execFileSync } = await import("node:child_process");
const first = joinNewSessionKeyring();
const second = joinNewSessionKeyring();
const seen = execFileSync("/bin/cat", ["/proc/keys"], { encoding: "utf8" }).split("\\n").filter((line) => line.includes(" _ses")).map((line) => parseInt(line, 16));
process.stdout.write(JSON.stringify({ first, second, seen }));
`;

test.skipIf(!existsSync("/proc/keys"))(
  "each new session keyring is another one, and children have it (skipped where the kernel lacks keys)",
  () => {
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", PROGRAM, KEYRING], {
      encoding: "utf8",
    });
    const { first, second, seen } = JSON.parse(output) as { first: number; second: number; seen: readonly number[] };
    expect(first).toBeGreaterThan(0);
    expect(second).not.toBe(first);
    expect(seen).toContain(second);
  },
);
