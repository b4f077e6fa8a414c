/**
 * @module Executables of plugins, with the warm host behind them, as a runtime finds them.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installShims } from "../../host/shim/install.ts";
import { DIST, createStage, processesOf, until } from "../host/stage.ts";
import type { Container } from "../host/stage.ts";

/** What a plugin exits with, and what it prints; nothing is an object without fields. */
export interface Executed {
  readonly status: number | null;
  readonly answer: object;
}

/** The executables, until they are disposed with their warm host. */
export interface Executables extends AsyncDisposable {
  /** Executes one plugin, as a runtime does with each of a list. */
  execute(
    command: string,
    container: Pick<Container, "name" | "netns">,
    configuration: Readonly<Record<string, unknown>> & { readonly type: string },
  ): Executed;
}

/** Installs them for bundled plugins. @default all of them */
export async function installExecutables(plugins?: readonly string[]): Promise<Executables> {
  const { folder, host } = await createStage(plugins);
  const binDir = join(folder.path, "bin");
  const types = await host.list();
  await host.close();
  const stateDir = join(folder.path, "state");
  installShims({ stateDir, bundleDir: DIST, nodePath: process.execPath, types, binDir, lingerSeconds: 60 });
  return {
    execute: (command, { name, netns }, configuration) => {
      const env = {
        CNI_COMMAND: command,
        CNI_CONTAINERID: name,
        CNI_NETNS: netns,
        CNI_IFNAME: "eth0",
        CNI_PATH: binDir,
      };
      const input = JSON.stringify(configuration);
      const { status, stdout } = spawnSync(join(binDir, configuration.type), { env, input, encoding: "utf8" });
      return { status, answer: (stdout === "" ? {} : JSON.parse(stdout)) as object };
    },
    [Symbol.asyncDispose]: async () => {
      for (const { pid } of processesOf(folder.path).filter(({ command }) => command.includes("warm-host.mjs")))
        process.kill(pid, "SIGTERM");
      await until(() => processesOf(folder.path).length === 0);
      folder[Symbol.dispose]();
    },
  };
}
