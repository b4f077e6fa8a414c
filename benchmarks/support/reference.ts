/**
 * @module Where the reference plugins are.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Folders that distributions put the reference plugins in, best first. */
const FOLDERS = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"] as const;

/** Finds the reference plugins; `undefined`: they are not installed. */
export function findReferencePlugins(): string | undefined {
  return FOLDERS.find((folder) => existsSync(`${folder}/bridge`) && existsSync(`${folder}/host-local`));
}

/** Installs Debian's package where that can be done, and gives the plugins' folder. */
export function ensureReferencePlugins(): string | undefined {
  const found = findReferencePlugins();
  if (found !== undefined) return found;
  spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "containernetworking-plugins", "iptables"], {
    stdio: "ignore",
  });
  return findReferencePlugins();
}
