/**
 * @module `doctor`: compares the ledger with the node, and says in words what differs.
 */
import type { Command } from "commander";
import type { Difference, Examination } from "../index.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { bold } from "./table.ts";

interface DoctorOptions extends SharedOptions {
  readonly repair?: boolean;
  readonly removeUntold?: boolean;
}

/** Adds the command. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command("doctor")
    .description("compare the ledger with the node, in both directions; exits with 1 if something differs")
    .option("--repair", "put back what is missing or changed, and remove records that are about nobody any more")
    .option(
      "--remove-untold",
      "with --repair: also remove what carries a tag of Cnidaria's and is on no record; not where another state directory serves this node",
    )
    .addHelpText("after", "\nWhat belongs to an operation that is under way is not judged.")
    .action((options: DoctorOptions) => {
      const merged = { ...options, ...program.opts<SharedOptions>() };
      return withHost(merged, context, async (host) => {
        const { repair = false, removeUntold = false } = merged;
        print(await host.doctor({ repair, removeUntold }), merged, context);
      });
    });
}

function print(examination: Examination, { json, repair = false }: DoctorOptions, context: CommandContext): void {
  const { differences, alive } = examination;
  if (differences.some(({ repair: outcome }) => outcome !== "repaired")) context.exitWith(1);
  if (json === true) return context.print(JSON.stringify(examination, undefined, 2));
  for (const { verb, containerId, network, helperPid } of alive)
    context.note(
      `not judged: ${verb} of container ${containerId || "(none)"} in ${network} is under way in process ${helperPid}`,
    );
  for (const line of differences.flatMap((difference) => linesOf(difference, context))) context.print(line);
  context.print(summaryOf(differences, repair));
}

function summaryOf(differences: readonly Difference[], isRepairing: boolean): string {
  if (differences.length === 0) return "all is well";
  const repaired = differences.filter(({ repair }) => repair === "repaired").length;
  const left = differences.length - repaired;
  const count = `${differences.length} ${differences.length === 1 ? "difference" : "differences"}`;
  if (!isRepairing) return `${count}; "cnidaria doctor --repair" repairs what can be`;
  return left === 0 ? `${count}, all repaired` : `${count}, ${repaired} repaired, ${left} left`;
}

/** What it is, whose, what was wanted and found, and what to do or what was done. */
function linesOf(difference: Difference, { style }: CommandContext): readonly string[] {
  const { what, attachment, object, wanted, found, advice, repair, why } = difference;
  const whose =
    attachment === undefined
      ? ""
      : ` (${attachment.ifname} of container ${attachment.containerId} in network ${attachment.network})`;
  const done = {
    repaired: "repaired",
    failed: `could not be repaired: ${why ?? "it is as before"}; ${advice}`,
    left: `left as it is: ${why ?? advice}`,
  };
  return [
    `${bold(what, style)}: ${object}${whose}`,
    `  wanted ${wanted}, found ${found}`,
    `  ${repair === undefined ? advice : done[repair]}`,
  ];
}
