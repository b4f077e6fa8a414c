/**
 * @module What every executable of a CNI_PATH directory knows, of whichever kind it is. Pure.
 */

/** Marks an executable as ours, so that nothing else is ever replaced. */
export const MARK = "Written by cnidaria shim install";
/** Version that the answer to VERSION has; the reference prints its newest too. Source: libcni `pkg/skel/skel.go`. */
const ANSWERED_VERSION = "1.1.0";

/** What one executable needs to know. */
export interface ExecutableOptions {
  readonly type: string;
  /** Versions of the specification that the plugin speaks. */
  readonly cniVersions: readonly string[];
  readonly stateDir: string;
  /** Folder that has Node and the bundles. */
  readonly runtimeDir: string;
  readonly lingerSeconds: number;
}

/** Gives the answer to VERSION, without a line end. */
export function versionAnswer({ cniVersions }: ExecutableOptions): string {
  return JSON.stringify({ cniVersion: ANSWERED_VERSION, supportedVersions: cniVersions });
}

/** Gives the command line of the Node shim. */
export function nodeArguments({ type, stateDir, runtimeDir, lingerSeconds }: ExecutableOptions): readonly string[] {
  return [`${runtimeDir}/node`, `${runtimeDir}/shim.cjs`, type, stateDir, String(lingerSeconds)];
}

/** Gives the command line of a warm host, up to its socket's path. */
export function warmHostArguments({
  stateDir,
  runtimeDir,
  lingerSeconds,
}: Pick<ExecutableOptions, "stateDir" | "runtimeDir"> & {
  readonly lingerSeconds: number | string;
}): readonly [string, ...string[]] {
  const entry = `${runtimeDir}/warm-host.mjs`;
  return [`${runtimeDir}/node`, "--disable-warning=ExperimentalWarning", entry, stateDir, String(lingerSeconds)];
}

/** Tells whether a file's bytes, read as Latin-1, are one of ours. */
export function isOwnExecutable(text: string): boolean {
  if (text.startsWith("#!/bin/sh\n")) return text.includes(`\n# ${MARK}`);
  return text.startsWith("\x7fELF") && text.includes(`${MARK}\0`);
}
