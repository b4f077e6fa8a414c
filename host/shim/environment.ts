/**
 * @module The environment that CNI's exec protocol gives, checked. Loads no schema library: start-up is paid once per plugin.
 */
import { CniError } from "../spec/error.ts";
import { parseContainerId, parseIfName } from "../spec/names.ts";

/** Verbs that the executables know, and the variables that each needs. Source: CNI SPEC 1.1.0, section 2; libcni `pkg/skel/skel.go`. */
const REQUIRED: Readonly<Record<string, readonly Variable[]>> = {
  ADD: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  DEL: ["CNI_CONTAINERID", "CNI_IFNAME"],
  CHECK: ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"],
  STATUS: [],
  GC: [],
};

type Variable = "CNI_CONTAINERID" | "CNI_NETNS" | "CNI_IFNAME" | "CNI_ARGS";

/** What a runtime asks for. */
export interface ExecEnvironment {
  readonly command: string;
  readonly containerId: string;
  /** `""` on DEL of a container whose namespace is gone. */
  readonly netns: string;
  readonly ifname: string;
  /** CNI_ARGS as given. */
  readonly args: string;
}

/**
 * Parses the environment of a runtime; an empty variable is a missing one. Does not trust: every name is checked.
 * @throws {CniError} invalidEnvironment when the verb is unknown, or a variable is missing or illegal.
 */
export function parseExecEnvironment(environment: Readonly<Record<string, string | undefined>>): ExecEnvironment {
  const command = environment["CNI_COMMAND"] ?? "";
  const required = Object.hasOwn(REQUIRED, command) ? REQUIRED[command] : undefined;
  if (required === undefined) {
    throw new CniError("invalidEnvironment", `unknown CNI_COMMAND: ${JSON.stringify(command)}`, { details: `want ${Object.keys(REQUIRED).join(", ")} or VERSION` });
  }
  const missing = required.filter((name) => (environment[name] ?? "") === "");
  if (missing.length > 0) {
    throw new CniError("invalidEnvironment", `required environment variables are missing: ${missing.join(", ")}`, { details: `CNI_COMMAND is ${command}` });
  }
  const read = (name: Variable): string => environment[name] ?? "";
  if (required.length > 0) {
    parseContainerId(read("CNI_CONTAINERID"));
    parseIfName(read("CNI_IFNAME"));
  }
  return { command, containerId: read("CNI_CONTAINERID"), netns: read("CNI_NETNS"), ifname: read("CNI_IFNAME"), args: read("CNI_ARGS") };
}
