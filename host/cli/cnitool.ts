/**
 * @module What `cnitool` does with its environment, so that scripts written for it work here.
 *
 * Source: libcni v1.3.0, `cnitool/`.
 */
import { createHash } from "node:crypto";
import { delimiter, resolve } from "node:path";
import { parseCniArguments } from "../spec/arguments.ts";
import type { CniArguments } from "../spec/arguments.ts";
import { CniError } from "../spec/error.ts";
import { parseJsonObject } from "../spec/json.ts";
import type { JsonObject } from "../spec/json.ts";

/** Where network configurations are, unless NETCONFPATH says otherwise. */
export const DEFAULT_CONFIGURATION_DIR = "/etc/cni/net.d";
/** Name of the container's link, unless CNI_IFNAME says otherwise. */
const DEFAULT_IFNAME = "eth0";
/** Bytes of the hash that end up in a container id. */
const CONTAINER_ID_HASH_BYTES = 10;

/** The environment of the process, handed in by the entry. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says about an attachment. */
export interface ToolSettings {
  readonly configurationDir: string;
  readonly ifname: string;
  /** CNI_ARGS, in order. */
  readonly args: CniArguments;
  /** Capability arguments, from CAP_ARGS. */
  readonly runtimeConfig: JsonObject;
  /** Folders of CNI_PATH, absolute: where executables of legacy types are searched. */
  readonly pluginDirs: readonly string[];
  /** Trace context for them. */
  readonly trace: Readonly<Record<string, string>>;
  readonly netnsOverride: boolean;
}

/** Source: libcni `libcni/api.go`. */
const TRACE_VARIABLES = ["TRACEPARENT", "TRACESTATE", "BAGGAGE"] as const;

/**
 * Reads NETCONFPATH, CNI_IFNAME, CNI_ARGS, CAP_ARGS and CNI_PATH, which is for legacy executables alone; the trace context and
 * CNI_NETNS_OVERRIDE are passed on to them.
 * @throws {CniError} invalidEnvironment when one of them is malformed.
 */
export function parseToolEnvironment(environment: Environment): ToolSettings {
  return {
    configurationDir: environment["NETCONFPATH"] || DEFAULT_CONFIGURATION_DIR,
    ifname: environment["CNI_IFNAME"] || DEFAULT_IFNAME,
    args: parseCniArguments(environment["CNI_ARGS"] ?? ""),
    runtimeConfig: parseCapabilityArgs(environment["CAP_ARGS"] ?? ""),
    pluginDirs: (environment["CNI_PATH"] ?? "").split(delimiter).flatMap((dir) => (dir === "" ? [] : [resolve(dir)])),
    trace: traceOf(environment),
    netnsOverride: /^(1|true)$/iu.test(environment["CNI_NETNS_OVERRIDE"] ?? ""),
  };
}

function traceOf(environment: Environment): Readonly<Record<string, string>> {
  const given = TRACE_VARIABLES.map((name) => [name, environment[name] ?? ""] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** Gives the id that cnitool uses for the container with this namespace. */
export function containerIdOf(netns: string): string {
  const hash = createHash("sha512").update(netns).digest();
  return `cnitool-${hash.subarray(0, CONTAINER_ID_HASH_BYTES).toString("hex")}`;
}

function parseCapabilityArgs(text: string): JsonObject {
  if (text === "") return {};
  try {
    return parseJsonObject(text, "CAP_ARGS");
  } catch (cause) {
    throw new CniError("invalidEnvironment", "CAP_ARGS is not the JSON text of an object", { cause });
  }
}
