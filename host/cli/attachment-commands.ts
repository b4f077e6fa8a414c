/**
 * @module `add`, `del` and `check`, as cnitool has them.
 */
import type { Command } from "commander";
import { loadNetworkList } from "../operations/configuration/load.ts";
import { reportingErrors } from "./cni-errors.ts";
import { containerIdOf, parseToolEnvironment } from "./cnitool.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { differenceLine } from "../operations/drift.ts";
import { writeResultText } from "./result-text.ts";

const VERBS = ["add", "del", "check"] as const;
type Verb = (typeof VERBS)[number];

const DESCRIPTIONS: Readonly<Record<Verb, string>> = {
  add: "add the container with this namespace to a network; prints the result",
  del: "remove it from the network",
  check: "check that it is as add left it",
};

/** Adds the commands. */
export function addAttachmentCommands(program: Command, context: CommandContext): void {
  for (const verb of VERBS) {
    const command = program
      .command(`${verb} <network> <netns>`)
      .description(DESCRIPTIONS[verb])
      .option("-i, --ifname <name>", "name of the container's link (default: CNI_IFNAME, or eth0)")
      .addHelpText(
        "after",
        "\nEnvironment: NETCONFPATH (default /etc/cni/net.d), CNI_ARGS, CAP_ARGS, CNI_IFNAME; CNI_PATH, where executables of legacy types are searched.",
      )
      .action((network: string, netns: string, options: VerbOptions) =>
        runVerb({ verb, network, netns, options: { ...options, ...program.opts<SharedOptions>() } }, context),
      );
    if (verb === "check")
      command.option("--repair", "put back what is not as add left it, as far as it can be, and print it");
  }
}

interface VerbOptions extends SharedOptions {
  readonly ifname?: string;
  readonly repair?: boolean;
}

interface VerbRequest {
  readonly verb: Verb;
  readonly network: string;
  readonly netns: string;
  readonly options: VerbOptions;
}

/** Performs a verb. */
function runVerb({ verb, network, netns, options }: VerbRequest, context: CommandContext): Promise<void> {
  return reportingErrors(context, async (useVersion) => {
    const { configurationDir, ...settings } = parseToolEnvironment(context.environment);
    const list = await loadNetworkList(configurationDir, network);
    useVersion(list.cniVersion);
    const request = {
      ...settings,
      network: list.text,
      containerId: containerIdOf(netns),
      netns,
      ifname: options.ifname ?? settings.ifname,
      onBegin: (operationId: string) => context.note(`call ${operationId}`),
    };
    await withHost(options, context, async (host) => {
      if (verb === "add") context.print(writeResultText(await host.add(request)));
      else if (verb === "del") await host.del(request);
      else {
        const { repaired } = await host.check({ ...request, repair: options.repair === true });
        for (const difference of repaired) context.print(differenceLine(difference));
      }
    });
  });
}
