/**
 * @module What every command is given: the world outside, as values.
 */
import type { Host, HostOptions } from "../index.ts";
import { CniError } from "../spec/error.ts";
import type { Environment } from "./cnitool.ts";
import type { PrintStyle } from "./table.ts";

/** State directory, unless --state-dir or CNIDARIA_STATE_DIR says otherwise. */
export const DEFAULT_STATE_DIR = "/var/lib/cnidaria";

/** What the command line says of a host. */
export type HostSettings = Pick<HostOptions, "hostLocalStoreDir" | "cacheDir">;

/** The world of a command. */
export interface CommandContext {
  readonly environment: Environment;
  readonly print: (line: string) => void;
  /** Writes a line to stderr: what a script does not read. */
  readonly note: (line: string) => void;
  readonly style: PrintStyle;
  /** Asks a person; `undefined`: there is no terminal. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  readonly openHost: (stateDir: string, options: HostSettings) => Promise<Host>;
  /** Folder of the bundles, and of the bundled plugins below it. */
  readonly bundleDir: string;
  readonly nodePath: string;
  readonly version: string;
  /** Sets the process's exit code. */
  readonly exitWith: (code: number) => void;
}

/** Options that every command has. */
export interface SharedOptions {
  readonly stateDir?: string;
  readonly json?: boolean;
  readonly hostLocalStore?: string;
  readonly cacheDir?: string;
}

/** Gives the state directory of a command. */
export function stateDirOf(options: SharedOptions, { environment }: CommandContext): string {
  const stateDir = options.stateDir ?? (environment["CNIDARIA_STATE_DIR"] || DEFAULT_STATE_DIR);
  if (stateDir.startsWith("/")) return stateDir;
  throw new CniError("stateUnusable", `the state directory ${JSON.stringify(stateDir)} is not an absolute path`);
}

/** Opens a host for one command and closes it afterwards. */
export async function withHost<T>(
  options: SharedOptions,
  context: CommandContext,
  body: (host: Host) => Promise<T>,
): Promise<T> {
  const { hostLocalStore, cacheDir } = options;
  await using host = await context.openHost(stateDirOf(options, context), {
    ...(hostLocalStore === undefined ? {} : { hostLocalStoreDir: hostLocalStore }),
    ...(cacheDir === undefined ? {} : { cacheDir }),
  });
  return await body(host);
}
