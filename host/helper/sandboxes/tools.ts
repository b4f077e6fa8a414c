/**
 * @module The programs of the operating system that build the fence.
 */
import { accessSync, constants } from "node:fs";
import { CniError } from "../../spec/error.ts";

/** Absolute directories, never the environment's PATH. */
const DIRECTORIES = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"] as const;

/** Package of Debian's that brings each tool. */
const PACKAGES = {
  setpriv: "util-linux",
  unshare: "util-linux",
  prlimit: "util-linux",
  mount: "mount",
  chroot: "coreutils",
  sh: "dash",
  ldd: "libc-bin",
} as const;

export type ToolName = keyof typeof PACKAGES;

const found = new Map<ToolName, string>();

/**
 * Finds a tool of the operating system and gives its absolute path.
 * @throws {CniError} missingFeature when it is not installed.
 */
export function findTool(name: ToolName): string {
  const known = found.get(name);
  if (known !== undefined) return known;
  const path = DIRECTORIES.map((directory) => `${directory}/${name}`).find(isExecutable);
  if (path === undefined) {
    throw new CniError("missingFeature", `${name} is not installed`, {
      details: `sandboxes need it; looked in ${DIRECTORIES.join(", ")}; on Debian: apt-get install ${PACKAGES[name]}`,
    });
  }
  found.set(name, path);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
