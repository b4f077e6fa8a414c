/**
 * @module `validate`: what is wrong with networks before they are used.
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import type { Host, LoadedNetworkList, ValidationProblem, ValidationReport } from "../index.ts";
import { loadNetworkFile, loadNetworkList, loadNetworkLists } from "../operations/configuration/load.ts";
import { CniError, isCniError } from "../spec/error.ts";
import { parseToolEnvironment } from "./cnitool.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { formatTable } from "./table.ts";

interface ValidateOptions extends SharedOptions {
  readonly file?: string;
}

/** A file that cannot be loaded, or the list in it. */
type Candidate = { readonly path: string; readonly list: LoadedNetworkList | CniError };
/** What is said of one file. */
type Validated = ValidationReport & { readonly path: string };

/** Adds the command. */
export function addValidateCommand(program: Command, context: CommandContext): void {
  program
    .command("validate [network]")
    .description(
      "say what is wrong with a network, or with every one of the configuration directory; exit code 1: something is",
    )
    .option("--file <path>", "the network in this file, with its drop-ins")
    .addHelpText(
      "after",
      "\nEnvironment: NETCONFPATH (default /etc/cni/net.d), CNI_PATH for types that executables serve.",
    )
    .action((network: string | undefined, options: ValidateOptions) =>
      runValidate(network, { ...options, ...program.opts<SharedOptions>() }, context),
    );
}

async function runValidate(
  network: string | undefined,
  options: ValidateOptions,
  context: CommandContext,
): Promise<void> {
  if (network !== undefined && options.file !== undefined)
    throw new CniError("invalidEnvironment", "want the name of a network or --file, not both");
  const { configurationDir, pluginDirs } = parseToolEnvironment(context.environment);
  const candidates = await findCandidates(configurationDir, network, options.file);
  const validated = await withHost(options, context, (host) => validateAll(host, candidates, pluginDirs));
  if (options.json === true) {
    const ok = validated.every((each) => each.ok);
    context.print(JSON.stringify({ ok, networks: validated }, undefined, 2));
  } else for (const line of describeAll(validated, context)) context.print(line);
  if (validated.some((each) => !each.ok)) context.exitWith(1);
}

async function findCandidates(
  directory: string,
  network: string | undefined,
  file: string | undefined,
): Promise<readonly Candidate[]> {
  if (file !== undefined) return [await candidateOf(file, loadNetworkFile(file))];
  if (network !== undefined) return [await candidateOf(directory, loadNetworkList(directory, network))];
  if (!existsSync(directory))
    throw new CniError("ioFailure", `the configuration directory ${JSON.stringify(directory)} is not there`, {
      details: "name another one in NETCONFPATH",
    });
  const { lists, skipped } = await loadNetworkLists(directory, { rules: "crio" });
  return [
    ...lists.map((list) => ({ path: list.path, list })),
    ...skipped.map(({ path, error }) => ({ path, list: error })),
  ].toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

/** Waits for a list; what is wrong with the file is a finding as well. */
async function candidateOf(place: string, loading: Promise<LoadedNetworkList>): Promise<Candidate> {
  try {
    const list = await loading;
    return { path: list.path, list };
  } catch (error) {
    if (isCniError(error)) return { path: place, list: error };
    throw error;
  }
}

async function validateAll(
  host: Host,
  candidates: readonly Candidate[],
  pluginDirs: readonly string[] = [],
): Promise<readonly Validated[]> {
  const validated: Validated[] = [];
  for (const { path, list } of candidates) {
    const report = isCniError(list) ? unreadable(list) : await host.validate({ network: list.text, pluginDirs });
    validated.push({ path, ...report });
  }
  return validated;
}

function unreadable({ message, details = "see the message" }: CniError): ValidationReport {
  const problem = { plugin: undefined, type: undefined, severity: "error", message, fix: details } as const;
  return { ok: false, name: undefined, cniVersion: undefined, problems: [problem], capabilityArgs: [] };
}

function describeAll(validated: readonly Validated[], context: CommandContext): readonly string[] {
  if (validated.length === 0) return ["no network configuration"];
  return validated.flatMap(({ path, name, cniVersion, problems, ok, capabilityArgs }) => {
    const head = name === undefined ? path : `${name} (CNI ${cniVersion ?? "?"}, ${path})`;
    const args = capabilityArgs.length === 0 ? [] : [`  takes from the runtime: ${capabilityArgs.join(", ")}`];
    const verdict = ok ? (problems.length === 0 ? "ok" : "ok, with warnings") : "cannot be used as it is";
    if (problems.length === 0) return [`${head}: ${verdict}`, ...args];
    const table = formatTable(["PLUGIN", "SEVERITY", "PROBLEM", "WHAT TO DO"], problems.map(cellsOf), context.style);
    return [`${head}: ${verdict}`, ...args, ...table.map((line) => `  ${line}`)];
  });
}

function cellsOf({ plugin, type, severity, message, fix }: ValidationProblem): readonly string[] {
  const which = plugin === undefined ? "(list)" : `${plugin} ${type ?? ""}`;
  return [which, severity, message, fix];
}
