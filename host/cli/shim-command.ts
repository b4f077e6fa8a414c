/**
 * @module `shim install`: executables for a CNI_PATH directory.
 */
import type { Command } from "commander";
import { DEFAULT_LINGER_SECONDS } from "../daemon/protocol.ts";
import { installShims } from "../shim/install.ts";
import { CniError } from "../spec/error.ts";
import { stateDirOf, withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";

/** Longest time that a warm host may stay, in seconds: a day. */
const LINGER_MAX_SECONDS = 86_400;

/** What is said of each kind of executable. */
const KINDS = {
  native: "native shims: with a warm host a call starts no Node",
  node: "Node shims: each call starts Node",
} as const;

interface ShimOptions extends SharedOptions {
  readonly binDir: string;
  readonly lingerSeconds: string;
  /** `false`: --no-native. */
  readonly native: boolean;
}

/** Adds the command. */
export function addShimCommand(program: Command, context: CommandContext): void {
  program
    .command("shim")
    .description("executables that speak CNI's exec protocol")
    .command("install")
    .description("put one executable per installed plugin type into a directory")
    .requiredOption("--bin-dir <dir>", "where a runtime looks for plugins, such as /opt/cni/bin")
    .option(
      "--linger-seconds <seconds>",
      "how long a warm host stays after a call; 0: it ends with the call",
      String(DEFAULT_LINGER_SECONDS),
    )
    .option("--no-native", "scripts that start Node, also where a C compiler could build programs that need none")
    .option("--state-dir <dir>", "state directory that the executables remember")
    .action((options: ShimOptions) => install({ ...options, ...program.opts<SharedOptions>() }, context));
}

async function install(options: ShimOptions, context: CommandContext): Promise<void> {
  const types = await withHost(options, context, (host) => host.list());
  if (types.length === 0)
    throw new CniError("unknownPlugin", "no plugin is installed", {
      details: 'run "cnidaria install --bundled" first',
    });
  const installed = installShims({
    stateDir: stateDirOf(options, context),
    binDir: options.binDir,
    bundleDir: context.bundleDir,
    nodePath: context.nodePath,
    types,
    lingerSeconds: parseSeconds(options.lingerSeconds),
    isNativeWanted: options.native,
  });
  if (options.json === true) return context.print(JSON.stringify(installed, undefined, 2));
  for (const path of installed.executables) context.print(path);
  context.note(`they run ${installed.runtimeDir}`);
  context.note(`${KINDS[installed.kind]} (${installed.reason})`);
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/u.test(text) && seconds <= LINGER_MAX_SECONDS) return seconds;
  throw new CniError("invalidEnvironment", `--linger-seconds ${JSON.stringify(text)} is not allowed`, {
    details: `want 0 to ${LINGER_MAX_SECONDS}`,
  });
}
