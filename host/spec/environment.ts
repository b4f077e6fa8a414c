/**
 * @module The environment of the exec protocol. No dependency, so that the shim can load it.
 */

import { parseCniArguments } from "./arguments.ts";
import type { CniArguments } from "./arguments.ts";
import { CniError } from "./error.ts";
import { parseContainerId, parseIfName } from "./names.ts";

/** Verbs of the protocol. Source: CNI SPEC 1.1.0, section 2. */
export const COMMANDS = ["ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"] as const;
export type Command = (typeof COMMANDS)[number];

/** What the environment says. A variable that the verb does not need is `""` when it is not there. */
export interface CniEnvironment {
  readonly command: Command;
  readonly containerId: string;
  readonly netns: string;
  readonly ifname: string;
  readonly args: CniArguments;
  /** CNI_PATH, as given. */
  readonly path: string;
}

/** Source: libcni `pkg/skel/skel.go`, which asks for CNI_PATH where the specification does not. */
const REQUIRED: Readonly<Record<Command, readonly string[]>> = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"],
  GC: ["CNI_PATH"],
  STATUS: ["CNI_PATH"],
  VERSION: [],
};

/**
 * Parses the environment of one invocation.
 * @throws {CniError} invalidEnvironment when CNI_COMMAND is no verb, a value is not allowed, or variables are missing: all of them are named.
 */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>): CniEnvironment {
  const value = (name: string): string => variables[name] ?? "";
  const command = parseCommand(value("CNI_COMMAND"));
  const required = REQUIRED[command];
  const missing = required.filter((name) => value(name) === "");
  if (missing.length > 0) {
    throw new CniError("invalidEnvironment", `required env variables [${missing.join(",")}] missing`, {
      details: `${command} needs ${required.join(", ")}`,
    });
  }
  if (required.includes("CNI_CONTAINERID")) parseContainerId(value("CNI_CONTAINERID"));
  if (required.includes("CNI_IFNAME")) parseIfName(value("CNI_IFNAME"));
  return {
    command,
    containerId: value("CNI_CONTAINERID"),
    netns: value("CNI_NETNS"),
    ifname: value("CNI_IFNAME"),
    args: command === "VERSION" ? [] : parseCniArguments(value("CNI_ARGS")),
    path: value("CNI_PATH"),
  };
}

function parseCommand(text: string): Command {
  const command = COMMANDS.find((known) => known === text);
  if (command !== undefined) return command;
  throw new CniError(
    "invalidEnvironment",
    text === "" ? "required env variables [CNI_COMMAND] missing" : `unknown CNI_COMMAND: ${text}`,
  );
}
