/**
 * @module `ledger export` and `ledger rebuild`.
 */
import { open } from "node:fs/promises";
import type { Command } from "commander";
import type { RebuiltLedger } from "../index.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";

/** Adds the commands. */
export function addLedgerCopies(ledger: Command, program: Command, context: CommandContext): void {
  ledger
    .command("export")
    .description("print the whole ledger, a line of JSON for each row: for keeping, and for rebuild")
    .action(() =>
      withHost(program.opts<SharedOptions>(), context, async (host) => {
        for await (const line of host.exportLedger()) context.print(line);
      }),
    );
  ledger
    .command("rebuild")
    .description(
      "make the ledger anew where it is lost or damaged, of what can be read of it, of a copy, and of what the node says; " +
        "the old file is set aside",
    )
    .option("--copy <file>", "what export printed")
    .addHelpText(
      "after",
      "\nWith --cache-dir, attachments that libcni's cache knows are found by the tags of what they own.",
    )
    .action((options: { readonly copy?: string }) => {
      const shared = program.opts<SharedOptions>();
      return withHost(shared, context, async (host) => {
        const { copy } = options;
        const lines = copy === undefined ? [] : linesOfFile(copy);
        const rebuilt = await host.rebuildLedger({ copy: lines });
        if (shared.json === true) return context.print(JSON.stringify(rebuilt, undefined, 2));
        for (const line of linesOf(rebuilt)) context.print(line);
      });
    });
}

/** Opens the file when the first line is asked for: lines of a reader that nobody listens to yet are lost, and so is its end. */
async function* linesOfFile(path: string): AsyncGenerator<string> {
  const file = await open(path);
  yield* file.readLines();
}

function linesOf({
  setAside,
  restored,
  leftOut,
  attributed,
  unattributed,
  attachments,
}: RebuiltLedger): readonly string[] {
  return [
    setAside === null ? "there was no ledger" : `the old ledger is set aside: ${setAside}`,
    `rows restored: ${restored}`,
    ...(leftOut === 0 ? [] : [`rows of a former uptime of the machine, left out: ${leftOut}`]),
    `found by their tags: ${attributed.length}, of attachments: ${attachments}`,
    ...attributed.map((description) => `  ${description}`),
    `whose nobody knows: ${unattributed.length}`,
    ...unattributed.map((description) => `  ${description}`),
    'now "cnidaria doctor" says what differs; addresses that only the store of host-local knows are taken over by "cnidaria import-leases"',
  ];
}
