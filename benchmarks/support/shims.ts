/**
 * @module Shims as a runtime calls them.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { JsonObject } from "../../host/index.ts";
import { pluginConfiguration } from "./context.ts";

const CLI = resolve(import.meta.dirname, "../../dist/cli.mjs");

/** A state directory with the bundled plugins, and a folder with their shims. */
export interface Shims extends Disposable {
  readonly stateDir: string;
  readonly binDir: string;
}

/** Installs the bundled plugins and their shims. A warm host stays for the given time after a call. */
export function installShims(lingerSeconds: number): Shims {
  const folder = mkdtempSync("/var/lib/cnidaria-bench-shims-");
  const stateDir = join(folder, "state");
  const binDir = join(folder, "bin");
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [CLI, "--state-dir", stateDir, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  run("install", "--bundled", "--yes");
  run("shim", "install", "--bin-dir", binDir, "--linger-seconds", String(lingerSeconds));
  return { stateDir, binDir, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** One exec of a shim. */
export interface ShimCall {
  readonly binDir: string;
  readonly command: "ADD" | "DEL" | "CHECK" | "STATUS" | "VERSION";
  readonly containerId: string;
  readonly netns: string;
  readonly network: JsonObject;
}

/**
 * Runs a shim to its end.
 * @throws {Error} with its output when it fails.
 */
export async function callShim({ binDir, command, containerId, netns, network }: ShimCall): Promise<string> {
  const configuration = pluginConfiguration(network);
  const child = spawn(join(binDir, String(configuration["type"])), {
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_COMMAND: command,
      CNI_CONTAINERID: containerId,
      CNI_NETNS: netns,
      CNI_IFNAME: "eth0",
      CNI_PATH: binDir,
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(JSON.stringify(configuration));
  const status = await new Promise((resolveStatus) => child.on("close", resolveStatus));
  if (status !== 0) throw new Error(`${command} by the shim failed: ${output}`);
  return output;
}
