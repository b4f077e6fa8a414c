/**
 * @module One exec of a plugin as a runtime makes it, whoever made the executable: environment, stdin, stdout.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";

/** What is executed, and with what. */
export interface PluginExec {
  /** Folder of the executables: CNI_PATH. */
  readonly folder: string;
  readonly command: "ADD" | "DEL" | "CHECK" | "STATUS" | "VERSION";
  readonly containerId: string;
  readonly netns: string;
  /** @default "eth0" */
  readonly ifname?: string;
  /** The plugin's configuration, `type` included. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/**
 * Runs one plugin to its end and gives what it printed.
 * @throws {Error} with its output when it fails.
 */
export async function execPlugin({ folder, command, containerId, netns, ifname, configuration }: PluginExec) {
  const type = String(configuration["type"]);
  const child = spawn(join(folder, type), {
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerId,
      CNI_NETNS: netns,
      CNI_IFNAME: ifname ?? "eth0",
      CNI_PATH: folder,
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  // One that answers without reading has closed its end.
  child.stdin.on("error", () => undefined);
  child.stdin.end(JSON.stringify(configuration));
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`${command} by ${folder}/${type} failed: ${output}`);
  return output;
}
