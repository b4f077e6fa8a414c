/**
 * @module Execs of plugins as a runtime makes them, whoever made the executables: environment, stdin, stdout.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { JsonObject } from "../../host/index.ts";

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

/** A list for one container. */
export interface ListExec {
  /** Folder of the executables. */
  readonly folder: string;
  readonly command: "ADD" | "DEL";
  readonly network: JsonObject;
  readonly containerId: string;
  readonly netns: string;
  /** What the runtime gives to plugins that declare a capability for it. */
  readonly runtimeConfig: JsonObject;
}

/**
 * Runs a list and gives its result: ADD hands each plugin the result of the one before; DEL, the last plugin first, the result that ADD had,
 * and goes on after a failure.
 * @throws {Error} with the output of the plugin that failed ADD.
 */
export async function execList(
  { folder, command, network, runtimeConfig, ...call }: ListExec,
  result?: unknown,
): Promise<unknown> {
  const { name, cniVersion } = network;
  const plugins = network["plugins"] as readonly JsonObject[];
  let prevResult = result;
  for (const plugin of command === "ADD" ? plugins : plugins.toReversed()) {
    const configuration = {
      ...plugin,
      name,
      cniVersion,
      ...(plugin["capabilities"] === undefined ? {} : { runtimeConfig }),
      ...(prevResult === undefined ? {} : { prevResult }),
    };
    const output = execPlugin({ folder, command, ...call, configuration });
    if (command === "ADD") prevResult = JSON.parse(await output);
    else await output.catch(() => undefined);
  }
  return prevResult;
}
