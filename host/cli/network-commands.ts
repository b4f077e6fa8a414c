/**
 * @module `gc` and `status`, as cnitool has them.
 */
import type { Command } from "commander";
import type { GcRequest, Host, StatusRequest } from "../index.ts";
import { loadNetworkList } from "../operations/configuration/load.ts";
import { CniError } from "../spec/error.ts";
import { parseContainerId, parseIfName } from "../spec/names.ts";
import { reportingErrors } from "./cni-errors.ts";
import { parseToolEnvironment } from "./cnitool.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";

const ENVIRONMENT =
  "\nEnvironment: NETCONFPATH (default /etc/cni/net.d); CNI_PATH, where executables of legacy types are searched.";

/** Adds the commands. cnitool wants a namespace for each of its commands, and does nothing with it in these. */
export function addNetworkCommands(program: Command, context: CommandContext): void {
  const merged = (options: SharedOptions): SharedOptions => ({ ...options, ...program.opts<SharedOptions>() });
  program
    .command("gc [network] [netns]")
    .description("remove everything of a network that belongs to no valid attachment; without --valid, everything")
    .option("--valid <list>", "attachments to keep: ID/IFNAME, separated by commas")
    .option("--all", "of every network that is on record, as its attachments were added; wants --valid")
    .addHelpText("after", ENVIRONMENT)
    .action((network: string | undefined, _netns: string | undefined, options: GcOptions) =>
      network === undefined || options.all === true
        ? collectAll(network, merged(options), context)
        : ask(network, merged(options), context, (request) => {
            const valid = parseValidList(options.valid ?? "");
            return (host) => host.gc({ ...request, valid });
          }),
    );
  program
    .command("status <network> [netns]")
    .description("say whether containers can be added to a network; nothing is printed if they can")
    .addHelpText("after", ENVIRONMENT)
    .action((network: string, _netns: string | undefined, options: SharedOptions) =>
      ask(network, merged(options), context, (request) => (host) => host.status(request)),
    );
}

interface GcOptions extends SharedOptions {
  readonly valid?: string;
  readonly all?: boolean;
}

/** GC of all networks. An empty list is all that there is: it has to be said. */
function collectAll(network: string | undefined, options: GcOptions, context: CommandContext): Promise<void> {
  return reportingErrors(context, async () => {
    if (network !== undefined || options.all !== true || options.valid === undefined)
      throw new CniError("invalidEnvironment", "want gc <network>, or gc --all --valid ID/IFNAME,…");
    const { pluginDirs } = parseToolEnvironment(context.environment);
    const valid = parseValidList(options.valid);
    await withHost(options, context, (host) => host.gcAll({ valid, pluginDirs }));
  });
}

function ask(
  network: string,
  options: SharedOptions,
  context: CommandContext,
  prepare: (request: StatusRequest) => (host: Host) => Promise<void>,
): Promise<void> {
  return reportingErrors(context, async (useVersion) => {
    const { configurationDir, pluginDirs, trace } = parseToolEnvironment(context.environment);
    const list = await loadNetworkList(configurationDir, network);
    useVersion(list.cniVersion);
    const onBegin = (operationId: string): void => context.note(`call ${operationId}`);
    await withHost(options, context, prepare({ network: list.text, onBegin, pluginDirs, trace }));
  });
}

/**
 * Parses what `--valid` says.
 * @throws {CniError} invalidEnvironment when an entry is not `ID/IFNAME`; unknownContainer, invalidEnvironment as the names do.
 */
export function parseValidList(text: string): GcRequest["valid"] {
  const entries = text.split(",").map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [containerId, ifname, ...rest] = entry.split("/");
      if (containerId === undefined || ifname === undefined || rest.length > 0)
        throw new CniError("invalidEnvironment", `--valid ${JSON.stringify(entry)} is no attachment`, {
          details: "want ID/IFNAME, separated by commas",
        });
      return { containerId: parseContainerId(containerId), ifname: parseIfName(ifname) };
    });
}
