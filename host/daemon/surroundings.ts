/**
 * @module Which namespaces a process lives in, and the socket of the warm host that serves them. The shim loads it.
 */
import { statSync } from "node:fs";

/**
 * Namespaces that decide what a call means: the node's network, and those in which the path of a container's namespace is read.
 * Source: namespaces(7).
 */
const NAMESPACES = ["net", "mnt", "pid"] as const;

/** Gives the inode numbers of this process's namespaces, such as `4026531840-4026531841-4026531836`. */
export function readSurroundings(): string {
  return NAMESPACES.map((name) => statSync(`/proc/self/ns/${name}`).ino).join("-");
}

/**
 * Path of the socket of the warm host that serves these namespaces. `runtime` names the installation that it was started from:
 * one of an older installation lives on until it has nothing to do, unused.
 */
export function warmSocketPath(stateDir: string, surroundings: string, runtime: string): string {
  return `${stateDir}/run/host-${surroundings}-${runtime}.sock`;
}
