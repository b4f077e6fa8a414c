/**
 * @module Descriptors that must not reach a process that is started.
 */

import { readdirSync } from "node:fs";

import { controlDescriptor } from "./libc.ts";

/** Source: asm-generic/fcntl.h. */
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** Descriptors 0 to 2 are given to every process anyway. */
const FIRST = 3;

/**
 * Marks every descriptor from 3 on as close-on-exec: those that this process inherited, and those of a library that forgot.
 * What a child is given by number is copied for it, and the copy is not marked. Gives the number of descriptors.
 */
export function markAllCloseOnExec(): number {
  const descriptors = readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd >= FIRST);
  // One that was closed since, as the directory's own, answers EBADF: nothing to mark.
  for (const fd of descriptors) controlDescriptor(fd, F_SETFD, FD_CLOEXEC);
  return descriptors.length;
}
