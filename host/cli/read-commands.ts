/**
 * @module `log`, `attachments`, `ledger` and `leases`: what happened, and what there is.
 */
import type { Command } from "commander";
import type { AuditRow, Host } from "../index.ts";
import { addLedgerCopies } from "./ledger-copies.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { formatLog } from "./log-lines.ts";
import { formatTable } from "./table.ts";

interface ReadOptions extends SharedOptions {
  readonly network?: string;
  readonly container?: string;
  readonly limit?: string;
}

/** A call's id, as add and the shims print it. */
const OPERATION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u;
/** Records that `log` prints, newest last, unless --limit says otherwise. */
const DEFAULT_LOG_LIMIT = 200;

/** Adds the commands. */
export function addReadCommands(program: Command, context: CommandContext): void {
  const run = (options: ReadOptions, body: (host: Host, options: ReadOptions) => Promise<void>): Promise<void> => {
    const merged = { ...options, ...program.opts<SharedOptions>() };
    return withHost(merged, context, (host) => body(host, merged));
  };
  program
    .command("log [container]")
    .description("show what happened in calls: of a container, of the call with this id, or of all")
    .option("--limit <records>", `records to show, newest last`, String(DEFAULT_LOG_LIMIT))
    .action((subject: string | undefined, options: ReadOptions) =>
      run(options, (host, merged) => log(host, { subject, options: merged }, context)),
    );
  program
    .command("attachments")
    .description("show which containers are attached to which networks, and which plugins were added one by one")
    .option("--network <name>", "of this network alone")
    .option("--container <id>", "of this container alone")
    .action((options: ReadOptions) => run(options, (host, merged) => attachments(host, merged, context)));
  const ledgerCommand = program
    .command("ledger")
    .description("show what is owned: links, rules, addresses")
    .option("--network <name>", "of this network alone")
    .option("--container <id>", "of this container alone")
    .action((options: ReadOptions) => run(options, (host, merged) => ledger(host, merged, context)));
  addLedgerCopies(ledgerCommand, program, context);
  program
    .command("leases")
    .description("show which addresses are leased, and to whom")
    .option("--network <name>", "of this network alone")
    .option("--container <id>", "of this container alone")
    .action((options: ReadOptions) => run(options, (host, merged) => leases(host, merged, context)));
}

async function log(
  host: Host,
  { subject, options }: { subject: string | undefined; options: ReadOptions },
  context: CommandContext,
): Promise<void> {
  const limit = Number(options.limit ?? DEFAULT_LOG_LIMIT);
  const rows: readonly AuditRow[] = await host.log({ limit, ...subjectFilter(subject) });
  if (options.json === true) return context.print(JSON.stringify(rows, undefined, 2));
  for (const line of formatLog(rows, context.style)) context.print(line);
}

function subjectFilter(subject: string | undefined): { operationId?: string; containerId?: string } {
  if (subject === undefined) return {};
  return OPERATION_ID.test(subject) ? { operationId: subject } : { containerId: subject };
}

function filterOf({ network, container }: ReadOptions): { network?: string; containerId?: string } {
  return {
    ...(network === undefined ? {} : { network }),
    ...(container === undefined ? {} : { containerId: container }),
  };
}

async function attachments(host: Host, options: ReadOptions, context: CommandContext): Promise<void> {
  const records = await host.attachments(filterOf(options));
  if (options.json === true) return context.print(JSON.stringify(records, undefined, 2));
  const cells = records.map((record) => [
    record.network,
    record.containerId,
    record.ifname,
    record.scope === "" ? "(whole list)" : record.scope,
    [...Object.keys(record.digests), ...record.legacy.map((type) => `${type} (executable)`)].toSorted().join(", "),
    new Date(record.createdAtMs).toISOString(),
  ]);
  for (const line of formatTable(
    ["NETWORK", "CONTAINER", "IFNAME", "ADDED AS", "PLUGINS", "ADDED"],
    cells,
    context.style,
  ))
    context.print(line);
}

async function ledger(host: Host, options: ReadOptions, context: CommandContext): Promise<void> {
  const rows = await host.ledger(filterOf(options));
  if (options.json === true) return context.print(JSON.stringify(rows, undefined, 2));
  const cells = rows.map((row) => [
    String(row.id),
    row.network,
    row.containerId,
    row.ifname,
    row.kind,
    row.state,
    row.description,
  ]);
  for (const line of formatTable(
    ["ID", "NETWORK", "CONTAINER", "IFNAME", "KIND", "STATE", "WHAT"],
    cells,
    context.style,
  ))
    context.print(line);
}

async function leases(host: Host, options: ReadOptions, context: CommandContext): Promise<void> {
  const rows = await host.leases(filterOf(options));
  if (options.json === true) return context.print(JSON.stringify(rows, undefined, 2));
  const cells = rows.map((row) => [row.address, row.network, row.containerId, row.ifname]);
  for (const line of formatTable(["ADDRESS", "NETWORK", "CONTAINER", "IFNAME"], cells, context.style))
    context.print(line);
}
