/**
 * @module The identity of this boot of the machine.
 */

import { readFileSync } from "node:fs";

import { withErrno } from "./error.ts";

/** Reads the id of this boot: 36 characters, another after every start of the kernel. Source: random(4). */
export function readBootId(): string {
  return withErrno("read boot_id", () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}
