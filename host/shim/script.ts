/**
 * @module The text of one executable in a CNI_PATH directory. Pure.
 *
 * A script and not a link to Node: Node would read NODE_OPTIONS before any line of ours runs. It answers VERSION without Node.
 */
import { PASSED_VARIABLES } from "../daemon/protocol.ts";

/** Marks a script as ours, so that nothing else is ever replaced. */
const MARK = "# Written by cnidaria shim install";
/** Version that the answer to VERSION has; the reference prints its newest too. Source: libcni `pkg/skel/skel.go`. */
const ANSWERED_VERSION = "1.1.0";

/** What one script needs to know. */
export interface ScriptOptions {
  readonly type: string;
  /** Versions of the specification that the plugin speaks. */
  readonly cniVersions: readonly string[];
  readonly stateDir: string;
  /** Folder that has Node and the bundles. */
  readonly runtimeDir: string;
  readonly lingerSeconds: number;
}

/** Writes the script. */
export function writeScript({ type, cniVersions, stateDir, runtimeDir, lingerSeconds }: ScriptOptions): string {
  const answer = JSON.stringify({ cniVersion: ANSWERED_VERSION, supportedVersions: cniVersions });
  const passed = PASSED_VARIABLES.map((name) => `${name}="\${${name}-}"`).join(" ");
  const command = [`${runtimeDir}/node`, `${runtimeDir}/shim.cjs`, type, stateDir, String(lingerSeconds)]
    .map(quote)
    .join(" ");
  return [
    "#!/bin/sh",
    `${MARK}: runs the plugin type ${type}.`,
    `if [ "\${CNI_COMMAND-}" = VERSION ]; then echo ${quote(answer)}; exit 0; fi`,
    `exec /usr/bin/env -i ${passed} ${command}`,
    "",
  ].join("\n");
}

/** Tells whether a file's text is one of ours. */
export function isOwnScript(text: string): boolean {
  return text.startsWith("#!/bin/sh\n") && text.includes(`\n${MARK}`);
}

/** Quotes a text for sh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
