/**
 * @module `legacy`: which types may be served by executables, which nothing confines.
 */
import type { Command } from "commander";
import type { LegacyType } from "../index.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { formatTable } from "./table.ts";

/** Adds the command. */
export function addLegacyCommand(program: Command, context: CommandContext): void {
  const options = (): SharedOptions => program.opts<SharedOptions>();
  const legacy = program
    .command("legacy")
    .description("say which plugin types may be served by executables in CNI_PATH; nothing confines those");
  legacy
    .command("allow <type>")
    .description("let executables of a type run, unconfined, where no component of that type is installed")
    .action((type: string) =>
      withHost(options(), context, async (host) => {
        await host.allowLegacy(type);
        context.print(`allowed ${type}: its executable runs unconfined, with the rights of whoever calls`);
      }),
    );
  legacy
    .command("deny <type>")
    .description("take that back; not even the removal of what they made runs them")
    .action((type: string) => withHost(options(), context, (host) => host.denyLegacy(type)));
  legacy
    .command("list")
    .description("list the allowed types")
    .action(() => withHost(options(), context, async (host) => print(await host.listLegacy(), options(), context)));
}

function print(types: readonly LegacyType[], { json = false }: SharedOptions, context: CommandContext): void {
  if (json) return context.print(JSON.stringify(types, undefined, 2));
  const rows = types.map(({ type, isolation, allowedAtMs, isShadowed }) => [
    type,
    isolation,
    new Date(allowedAtMs).toISOString(),
    isShadowed ? "a component is installed and is used" : "",
  ]);
  for (const line of formatTable(["TYPE", "ISOLATION", "ALLOWED", "NOTE"], rows, context.style)) context.print(line);
}
