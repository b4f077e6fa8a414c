/**
 * @module `install`, `uninstall`, `revoke` and `list`: what an operator allows.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Digest, Host, InstallPlan, InstallRequest } from "../index.ts";
import { CniError } from "../spec/error.ts";
import { parseJsonObject } from "../spec/json.ts";
import { withHost } from "./context.ts";
import type { CommandContext, SharedOptions } from "./context.ts";
import { bold, formatTable } from "./table.ts";

/** Digits of a digest that a person is shown. */
const SHORT_DIGEST = "sha256:".length + 12;

interface InstallOptions extends SharedOptions {
  readonly bundled?: boolean;
  readonly yes?: boolean;
  readonly capabilities?: string;
  readonly digest?: string;
  readonly adopt?: readonly string[];
}

/** Adds the commands. */
export function addPluginCommands(program: Command, context: CommandContext): void {
  const merged = <T extends SharedOptions>(options: T): T => ({ ...options, ...program.opts<SharedOptions>() });
  program
    .command("install [component]")
    .description("install a component file, or a bundled type; shows what would be granted, and asks")
    .option("--bundled", "install every bundled plugin")
    .option(
      "--capabilities <file>",
      "grant these scopes and no others: a JSON file, equal to or narrower than what the plugin asks for",
    )
    .option(
      "--digest <digest>",
      "what the component has to be: sha256:…; needed where the build left no checksum in it",
    )
    .option(
      "--adopt <bridge...>",
      "let it use these bridges though others made them, such as one of the reference plugins; to be given at every install",
    )
    .option("-y, --yes", "grant without asking")
    .action((component: string | undefined, options: InstallOptions) => install(component, merged(options), context));
  program
    .command("uninstall <type>")
    .description("make a plugin type unknown; attachments made with it can still be removed")
    .action((type: string, options: SharedOptions) =>
      withHost(merged(options), context, (host) => host.uninstall(type)),
    );
  program
    .command("revoke <type>")
    .description("take a plugin's grant away: its component runs no more")
    .action((type: string, options: SharedOptions) => withHost(merged(options), context, (host) => host.revoke(type)));
  program
    .command("list")
    .description("list the installed plugins, and the types that executables serve, unconfined")
    .action((options: SharedOptions) =>
      withHost(merged(options), context, (host) => list(host, merged(options), context)),
    );
}

async function install(component: string | undefined, options: InstallOptions, context: CommandContext): Promise<void> {
  const paths = pathsOf(component, options, context);
  const wishes = wishesOf(options);
  if (wishes.digest !== undefined && paths.length > 1)
    throw new CniError("invalidEnvironment", "--digest is about one component");
  if (wishes.adopt !== undefined && paths.length > 1)
    throw new CniError("invalidEnvironment", "--adopt is about one component", {
      details: "install that one once more, with --adopt",
    });
  await withHost(options, context, async (host) => {
    for (const path of paths) {
      const plan = await host.planInstall({ component: readFileSync(path), ...wishes });
      if (!plan.isVerified) throw notVerified(path, plan);
      for (const line of describePlan(plan, context)) context.print(line);
      if (!(await isAgreed(options, context)))
        throw new CniError("notPermitted", `${plan.type} is not installed: it was not agreed to`);
      const installed = await plan.commit();
      context.print(`installed ${installed.type} ${installed.digest}`);
    }
  });
}

/** What the operator says of the component, besides where it is. */
function wishesOf({
  capabilities,
  digest,
  adopt,
}: InstallOptions): Pick<InstallRequest, "capabilities" | "digest" | "adopt"> {
  return {
    ...(adopt === undefined ? {} : { adopt }),
    ...(capabilities === undefined
      ? {}
      : { capabilities: parseJsonObject(readFileSync(capabilities, "utf8"), JSON.stringify(capabilities)) }),
    ...(digest === undefined ? {} : { digest: digest as Digest }),
  };
}

function notVerified(path: string, { digest }: InstallPlan): CniError {
  return new CniError("componentRejected", `nothing says that ${JSON.stringify(path)} is what its author built`, {
    details: `it has no checksum of its build; compare with where you have it from, and give --digest ${digest}`,
  });
}

/** The files to install: one that was named, a bundled type, or every bundled one. */
function pathsOf(
  component: string | undefined,
  { bundled = false }: InstallOptions,
  { bundleDir }: CommandContext,
): readonly string[] {
  const folder = join(bundleDir, "guests");
  const types = existsSync(folder)
    ? readdirSync(folder).flatMap((name) => /^([A-Za-z0-9._-]+)\.wasm$/u.exec(name)?.[1] ?? [])
    : [];
  if (bundled) {
    if (types.length === 0) throw new CniError("ioFailure", `no bundled plugin in ${JSON.stringify(folder)}`);
    return types.map((type) => join(folder, `${type}.wasm`));
  }
  if (component === undefined)
    throw new CniError("invalidEnvironment", "want a component file, a bundled type, or --bundled");
  if (types.includes(component)) return [join(folder, `${component}.wasm`)];
  if (existsSync(component)) return [component];
  throw new CniError("ioFailure", `${JSON.stringify(component)} is no file and no bundled type`, {
    details: `bundled types: ${types.join(", ") || "none"}`,
  });
}

/** Says what an installation would grant, for a person. */
export function describePlan(plan: InstallPlan, { style }: Pick<CommandContext, "style">): string[] {
  const { grants, differences } = plan;
  return [
    bold(`${plan.type} ${plan.version}  ${plan.digest.slice(0, SHORT_DIGEST)}`, style),
    ...(plan.description === "" ? [] : [`  ${plan.description}`]),
    "it would be granted:",
    ...indent(grants),
    ...(differences === undefined ? [] : ["different from what is installed:", ...indent(differences)]),
  ];
}

function indent(lines: readonly string[]): string[] {
  return lines.length === 0 ? ["  nothing"] : lines.map((line) => `  ${line}`);
}

async function isAgreed({ yes = false }: InstallOptions, { ask }: CommandContext): Promise<boolean> {
  if (yes) return true;
  if (ask === undefined)
    throw new CniError("notPermitted", "nobody can be asked: there is no terminal", {
      details: "give --yes to grant what is shown",
    });
  return ask("install and grant this? [y/N] ");
}

async function list(host: Host, { json = false }: SharedOptions, context: CommandContext): Promise<void> {
  const [plugins, legacy] = [await host.list(), await host.listLegacy()];
  if (json) return context.print(JSON.stringify([...plugins, ...legacy], undefined, 2));
  const rows = plugins.map(({ type, version, digest, exports, capabilities }) => [
    type,
    version,
    digest.slice(0, SHORT_DIGEST),
    exports.join(" "),
    capabilities.join(" "),
  ]);
  const unconfined = legacy.flatMap(({ type, isolation, isShadowed }) =>
    isShadowed ? [] : [[type, "", "", "executable", isolation]],
  );
  const all = [...rows, ...unconfined];
  for (const line of formatTable(["TYPE", "VERSION", "DIGEST", "EXPORTS", "GRANTED"], all, context.style))
    context.print(line);
}
