/**
 * @module The reference plugins, run as a runtime runs them: one process per plugin, environment and stdin.
 */
import { spawn, spawnSync } from "node:child_process";
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

/** One call of a reference plugin. */
export interface ReferenceCall {
  readonly folder: string;
  readonly command: "ADD" | "DEL";
  readonly containerId: string;
  readonly netns: string;
  /** The plugin's configuration, `type` included. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/**
 * Runs one plugin to its end.
 * @throws {Error} with the plugin's output when it fails.
 */
export async function callReference(call: ReferenceCall): Promise<string> {
  const child = spawn(`${call.folder}/${String(call.configuration["type"])}`, {
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_COMMAND: call.command,
      CNI_CONTAINERID: call.containerId,
      CNI_NETNS: call.netns,
      CNI_IFNAME: "eth0",
      CNI_PATH: call.folder,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(JSON.stringify(call.configuration));
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`${call.command} by the reference plugin failed: ${output}`);
  return output;
}
