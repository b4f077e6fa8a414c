/**
 * @module Shims as a runtime calls them.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { JsonObject } from "../../host/index.ts";
import { pluginConfiguration } from "./context.ts";
import { execPlugin } from "./exec.ts";
import { listProcesses } from "./processes.ts";

const CLI = resolve(import.meta.dirname, "../../dist/cli.mjs");

/** A state directory with the bundled plugins, and folders with their shims. */
export interface Shims extends Disposable {
  readonly stateDir: string;
  /** Scripts that start Node. */
  readonly binDir: string;
  /** Native programs; `undefined`: there is no C compiler here. */
  readonly nativeBinDir: string | undefined;
}

/** Installs the bundled plugins and their shims of both kinds. A warm host stays for the given time after a call. */
export function installShims(lingerSeconds: number): Shims {
  const folder = mkdtempSync("/var/lib/cnidaria-bench-shims-");
  const stateDir = join(folder, "state");
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, [CLI, "--state-dir", stateDir, ...args], {
      stdio: ["ignore", "pipe", "ignore"],
      encoding: "utf8",
    });
  const installInto = (name: string, ...more: string[]) => {
    const binDir = join(folder, name);
    const args = ["shim", "install", "--bin-dir", binDir, "--linger-seconds", String(lingerSeconds), ...more];
    const { kind } = JSON.parse(run("--json", ...args)) as { kind: string };
    return { binDir, kind };
  };
  run("install", "--bundled", "--yes");
  const { binDir } = installInto("node", "--no-native");
  const native = installInto("native");
  return {
    stateDir,
    binDir,
    nativeBinDir: native.kind === "native" ? native.binDir : undefined,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Waits until nothing of a state directory runs any more. */
export async function waitForSilence({ stateDir }: Pick<Shims, "stateDir">): Promise<void> {
  while (listProcesses().some(({ command }) => command.includes(stateDir)))
    await new Promise((done) => setTimeout(done, 20));
}

/** Ends the warm host that a shim left behind, and waits for it. */
export async function stopWarmHost(shims: Pick<Shims, "stateDir">): Promise<void> {
  for (const { pid, command } of listProcesses())
    if (command.includes(shims.stateDir) && command.includes("warm-host.mjs")) process.kill(pid, "SIGTERM");
  await waitForSilence(shims);
}

/** One exec of a shim, of the first plugin of a network. */
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
export function callShim({ binDir, network, ...call }: ShimCall): Promise<string> {
  return execPlugin({ ...call, folder: binDir, configuration: pluginConfiguration(network) });
}
