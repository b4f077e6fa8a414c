/**
 * @module What `cnitool` does with its environment and its files, so that scripts written for it work here.
 *
 * Source: libcni v1.3.0, `cnitool/`, and `libcni/conf.go`.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseCniArguments } from "../spec/arguments.ts";
import type { CniArguments } from "../spec/arguments.ts";
import { CniError } from "../spec/error.ts";
import { parseNetworkName } from "../spec/names.ts";

/** Where network configurations are, unless NETCONFPATH says otherwise. */
export const DEFAULT_CONFIGURATION_DIR = "/etc/cni/net.d";
/** Name of the container's link, unless CNI_IFNAME says otherwise. */
const DEFAULT_IFNAME = "eth0";
/** Bytes of the hash that end up in a container id. */
const CONTAINER_ID_HASH_BYTES = 10;

/** The environment of the process, handed in by the entry. */
export type Environment = Readonly<Record<string, string | undefined>>;
type JsonRecord = Record<string, unknown>;

/** What the environment says about an attachment. */
export interface ToolSettings {
  readonly configurationDir: string;
  readonly ifname: string;
  /** CNI_ARGS, in order. */
  readonly args: CniArguments;
  /** Capability arguments, from CAP_ARGS. */
  readonly runtimeConfig: JsonRecord;
}

/**
 * Reads NETCONFPATH, CNI_IFNAME, CNI_ARGS and CAP_ARGS. CNI_PATH is accepted and not used: nothing is searched for.
 * @throws {CniError} invalidEnvironment when one of them is malformed.
 */
export function parseToolEnvironment(environment: Environment): ToolSettings {
  return {
    configurationDir: environment["NETCONFPATH"] || DEFAULT_CONFIGURATION_DIR,
    ifname: environment["CNI_IFNAME"] || DEFAULT_IFNAME,
    args: parseCniArguments(environment["CNI_ARGS"] ?? ""),
    runtimeConfig: parseCapabilityArgs(environment["CAP_ARGS"] ?? ""),
  };
}

/** Gives the id that cnitool uses for the container with this namespace. */
export function containerIdOf(netns: string): string {
  const hash = createHash("sha512").update(netns).digest();
  return `cnitool-${hash.subarray(0, CONTAINER_ID_HASH_BYTES).toString("hex")}`;
}

function parseCapabilityArgs(text: string): JsonRecord {
  if (text === "") return {};
  const value = parseJson(text);
  if (!isRecord(value)) throw new CniError("invalidEnvironment", "CAP_ARGS is not the JSON text of an object");
  return value;
}

/**
 * Finds a network's configuration list: `*.conflist` first, then `*.conf` and `*.json`, which become a list of one; drop-ins in
 * the folder named after the network are appended. As libcni has it, a broken file before the right one is an error.
 * @returns the JSON text of the list.
 * @throws {CniError} invalidNetworkConfig when no file has that network; decodingFailure when one cannot be read.
 */
export function readNetwork(configurationDir: string, network: string): string {
  parseNetworkName(network);
  const files = existsSync(configurationDir) ? readdirSync(configurationDir).sort() : [];
  for (const file of files.filter((name) => name.endsWith(".conflist"))) {
    const list = readObject(join(configurationDir, file));
    if (list["name"] === network) return JSON.stringify(withDropIns(list, join(configurationDir, network)));
  }
  for (const file of files.filter((name) => /\.(conf|json)$/u.test(name))) {
    const plugin = readObject(join(configurationDir, file));
    if (plugin["name"] === network) return JSON.stringify(listOfOne(plugin));
  }
  throw new CniError("invalidNetworkConfig", `no network configuration named ${JSON.stringify(network)} in ${JSON.stringify(configurationDir)}`);
}

function withDropIns(list: JsonRecord, folder: string): JsonRecord {
  if (list["loadOnlyInlinedPlugins"] === true || !existsSync(folder)) return list;
  const dropIns = readdirSync(folder)
    .filter((name) => name.endsWith(".conf"))
    .sort()
    .map((name) => readObject(join(folder, name)));
  if (dropIns.length === 0) return list;
  const inlined = Array.isArray(list["plugins"]) ? (list["plugins"] as unknown[]) : [];
  return { ...list, plugins: [...inlined, ...dropIns] };
}

function listOfOne(plugin: JsonRecord): JsonRecord {
  if (Array.isArray(plugin["plugins"])) return plugin;
  const { cniVersion, name } = plugin;
  return { ...(cniVersion === undefined ? {} : { cniVersion }), name, plugins: [plugin] };
}

function readObject(path: string): JsonRecord {
  const value = parseJson(readFileSync(path, "utf8"));
  if (!isRecord(value)) throw new CniError("decodingFailure", `${path} is not the JSON text of an object`);
  return value;
}

/** Parses JSON; `undefined` when it is not. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
