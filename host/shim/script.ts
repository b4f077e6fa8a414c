/**
 * @module The text of one executable in a CNI_PATH directory. Pure.
 *
 * A script and not a link to Node: Node would read NODE_OPTIONS before any line of ours runs. It answers VERSION without Node.
 */
import { PASSED_VARIABLES } from "../daemon/protocol.ts";
import { MARK, nodeArguments, versionAnswer } from "./executable.ts";
import type { ExecutableOptions } from "./executable.ts";

/** Writes the script. */
export function writeScript(options: ExecutableOptions): string {
  const answer = versionAnswer(options);
  const passed = PASSED_VARIABLES.map((name) => `${name}="\${${name}-}"`).join(" ");
  const command = nodeArguments(options).map(quote).join(" ");
  return [
    "#!/bin/sh",
    `# ${MARK}: runs the plugin type ${options.type}.`,
    `if [ "\${CNI_COMMAND-}" = VERSION ]; then echo ${quote(answer)}; exit 0; fi`,
    `exec /usr/bin/env -i ${passed} ${command}`,
    "",
  ].join("\n");
}

/** Quotes a text for sh. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
