/**
 * @module Processes, as /proc shows them.
 */
import { globSync, readFileSync } from "node:fs";

/** A process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  /** Arguments, separated by spaces. */
  readonly command: string;
}

/** Lists every process that can be read. */
export function listProcesses(): ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (const folder of globSync("/proc/[0-9]*")) {
    try {
      const parentPid = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`${folder}/status`, "utf8"))?.[1] ?? 0);
      const command = readFileSync(`${folder}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      found.push({ pid: Number(folder.slice("/proc/".length)), parentPid, command });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** Gives a process and everything below it. */
export function treeOf(root: number): ProcessInfo[] {
  const all = listProcesses();
  const below = (pid: number): ProcessInfo[] =>
    all.filter(({ parentPid }) => parentPid === pid).flatMap((child) => [child, ...below(child.pid)]);
  return [...all.filter(({ pid }) => pid === root), ...below(root)];
}

/** Reads a process's proportional set size, in bytes. Source: /proc/PID/smaps_rollup, proc(5). */
export function readProportionalBytes(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
