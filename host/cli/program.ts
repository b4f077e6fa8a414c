/**
 * @module The command line: its commands and options.
 */
import { Command } from "commander";
import { SUPPORTED_VERSIONS } from "../spec/version.ts";
import { addAttachmentCommands } from "./attachment-commands.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { addDoctorCommand } from "./doctor-command.ts";
import { addImportCommand } from "./import-command.ts";
import { addLegacyCommand } from "./legacy-command.ts";
import { addNetworkCommands } from "./network-commands.ts";
import { addPluginCommands } from "./plugin-commands.ts";
import { addReadCommands } from "./read-commands.ts";
import { addShimCommand } from "./shim-command.ts";
import { addValidateCommand } from "./validate-command.ts";

/** Makes the program. */
export function createProgram(context: CommandContext): Command {
  const program = new Command("cnidaria")
    .description("runs CNI plugins as WebAssembly components that nobody has to trust")
    .option(
      "--state-dir <dir>",
      "components, grants, ledger, leases (default: CNIDARIA_STATE_DIR, or /var/lib/cnidaria)",
    )
    .option(
      "--host-local-store <dir>",
      "write leases to host-local's store as well, such as /var/lib/cni/networks, so that both can work on one network; " +
        "the state directory remembers it; none: no longer",
    )
    .option(
      "--cache-dir <dir>",
      "write attachments to libcni's cache as well, such as /var/lib/cni, and read from it those that libcni made (default: the ledger alone)",
    )
    .option("--json", "print JSON where a table is printed")
    .showHelpAfterError();
  addAttachmentCommands(program, context);
  addValidateCommand(program, context);
  addNetworkCommands(program, context);
  addPluginCommands(program, context);
  addLegacyCommand(program, context);
  addReadCommands(program, context);
  addDoctorCommand(program, context);
  addImportCommand(program, context);
  program
    .command("version")
    .description("print the version of this program and of the specification that it speaks")
    .action(() => printVersion(program.opts<SharedOptions>(), context));
  addShimCommand(program, context);
  return program;
}

function printVersion({ json = false }: SharedOptions, context: CommandContext): void {
  const version = { cnidaria: context.version, node: process.versions.node, cniVersions: SUPPORTED_VERSIONS };
  if (json) context.print(JSON.stringify(version, undefined, 2));
  else context.print(`cnidaria ${version.cnidaria}, Node ${version.node}, CNI ${SUPPORTED_VERSIONS.join(", ")}`);
}
