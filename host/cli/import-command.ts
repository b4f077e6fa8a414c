/**
 * @module `import-leases`: the addresses that the reference plugin host-local has given out stay taken.
 */
import type { Command } from "commander";
import type { Host, ImportReport } from "../index.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { formatTable } from "./table.ts";

interface ImportOptions extends SharedOptions {
  readonly dir: string;
  readonly network?: readonly string[];
}

/** Source: host-local's default of `ipam.dataDir`. */
const DEFAULT_DIR = "/var/lib/cni/networks";

const HELP = `
Every file <dir>/<network>/<address> becomes a lease of the container and link that it names, so that the address is not given again; the next
one is looked for after last_reserved_ip. DEL of such a container releases its lease, GC those of containers that are gone. The files stay.
Again is harmless: what is leased already stays as it is.

Skipped, and listed with the reason: what says nothing (no address, empty, too long, a link to elsewhere), and an address that another container has
a lease of. Exit code 0: everything is taken over; 1: something was skipped, or nothing could be done.`;

/** Adds the command. */
export function addImportCommand(program: Command, context: CommandContext): void {
  program
    .command("import-leases")
    .description("take over the addresses that the reference plugin host-local has given out")
    .option("--dir <dir>", "directory in which host-local keeps its networks", DEFAULT_DIR)
    .option("--network <name...>", "these networks alone (default: all of the directory)")
    .addHelpText("after", HELP)
    .action((options: ImportOptions) => {
      const merged = { ...options, ...program.opts<SharedOptions>() };
      return withHost(merged, context, (host) => importLeases(host, merged, context));
    });
}

async function importLeases(
  host: Host,
  { dir, network, json = false }: ImportOptions,
  context: CommandContext,
): Promise<void> {
  const reports = await host.importLeases({ dir, ...(network === undefined ? {} : { networks: network }) });
  if (reports.some(({ skipped }) => skipped.length > 0)) context.exitWith(1);
  if (json) return context.print(JSON.stringify(reports, undefined, 2));
  for (const line of formatReports(reports, context)) context.print(line);
}

function formatReports(reports: readonly ImportReport[], { style }: Pick<CommandContext, "style">): string[] {
  const rows = reports.map(({ network, imported, present, skipped }) => [
    network,
    String(imported),
    String(present),
    String(skipped.length),
  ]);
  const skipped = reports.flatMap(({ network, skipped: files }) => files.map(({ file, why }) => [network, file, why]));
  return [
    ...formatTable(["NETWORK", "IMPORTED", "ALREADY THERE", "SKIPPED"], rows, style),
    ...(skipped.length === 0 ? [] : ["", ...formatTable(["NETWORK", "SKIPPED", "WHY"], skipped, style)]),
  ];
}
