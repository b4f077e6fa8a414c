/**
 * @module Network configurations: a list of plugins, parsed once, every field kept.
 */

import { duplicateKeys } from "./duplicate-keys.ts";
import { CniError } from "./error.ts";
import { isJsonArray, isJsonObject, parseJsonObject, readKey } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { parseNetworkName, parsePluginType } from "./names.ts";
import type { NetworkName, PluginType } from "./names.ts";
import { UNVERSIONED, selectVersion } from "./version.ts";

/** One entry of `plugins`. */
export interface PluginConfiguration {
  readonly type: PluginType;
  /** Type of its IPAM plugin; `undefined`: none. */
  readonly ipamType: PluginType | undefined;
  /** Names of the capability arguments that it declares with `true`. */
  readonly capabilityArgs: readonly string[];
  /** The object as the operator wrote it. */
  readonly object: JsonObject;
  /** JSON pointers of its fields that the text has more than once, spelled the same: the object has the last. @default none, or not known */
  readonly duplicates?: readonly string[];
}

/** A network configuration list. Source: CNI SPEC 1.1.0, section 1. */
export interface NetworkConfiguration {
  readonly name: NetworkName;
  /** The version that is worked in: selected of `cniVersion` and `cniVersions`. */
  readonly cniVersion: string;
  readonly disableCheck: boolean;
  readonly disableGc: boolean;
  readonly loadOnlyInlinedPlugins: boolean;
  /** In the order of ADD; at least one. */
  readonly plugins: readonly PluginConfiguration[];
  /** JSON text of the list, every field kept. */
  readonly text: string;
}

/**
 * Parses a network configuration list, or the configuration of one plugin, which becomes a list of one.
 * `source` is JSON text or its value. Keys that are known match whatever their case, as with Go.
 * @throws {CniError} decodingFailure when it is no JSON object or a field has the wrong type.
 * @throws {CniError} invalidNetworkConfig when a field is missing or its value is not allowed.
 * @throws {CniError} incompatibleCniVersion when its version is not supported.
 */
export function parseNetworkConfiguration(source: unknown): NetworkConfiguration {
  const object = parseSource(source);
  const list = asList(object);
  const name = readString(list, "name");
  if (name === undefined) throw new CniError("invalidNetworkConfig", 'the network configuration has no "name"');
  const cniVersion = selectVersion(readString(list, "cniVersion") || UNVERSIONED, readStrings(list, "cniVersions"));
  const loadOnlyInlinedPlugins = readSwitch(list, "loadOnlyInlinedPlugins");
  const plugins = parsePlugins(readKey(list, "plugins"), loadOnlyInlinedPlugins);
  return {
    name: parseNetworkName(name),
    cniVersion,
    disableCheck: readSwitch(list, "disableCheck"),
    disableGc: readSwitch(list, "disableGC"),
    loadOnlyInlinedPlugins,
    plugins: typeof source === "string" ? withDuplicates(plugins, { text: source, isList: list === object }) : plugins,
    text: JSON.stringify(list),
  };
}

/** Says of each plugin which of its fields a text has more than once. `isList`: the text is a list's, not that of one plugin. */
function withDuplicates(
  plugins: readonly PluginConfiguration[],
  { text, isList }: { readonly text: string; readonly isList: boolean },
): readonly PluginConfiguration[] {
  const pointers = duplicateKeys(text)
    .filter(({ spellings }) => new Set(spellings).size < spellings.length)
    .map(({ pointer }) => pointer);
  if (pointers.length === 0) return plugins;
  return plugins.map((plugin, index) => {
    const duplicates = isList ? pointers.flatMap((pointer) => insideOf(pointer, index)) : pointers;
    return duplicates.length === 0 ? plugin : { ...plugin, duplicates };
  });
}

/** Beginning of a pointer into one of the plugins of a list. */
const LIST_PREFIX = /^\/plugins\/([0-9]+)(?=\/)/iu;

function insideOf(pointer: string, index: number): readonly string[] {
  const match = LIST_PREFIX.exec(pointer);
  return match !== null && Number(match[1]) === index ? [pointer.slice(match[0].length)] : [];
}

function parseSource(source: unknown): JsonObject {
  if (typeof source === "string") return parseJsonObject(source, "the network configuration");
  if (isJsonObject(source)) return source;
  throw new CniError("decodingFailure", "the network configuration is not a JSON object");
}

/** Makes a list of the configuration of one plugin, as libcni's `ConfListFromConf`. A list stays what it is. */
function asList(source: JsonObject): JsonObject {
  if (readKey(source, "plugins") !== undefined || readKey(source, "type") === undefined) return source;
  const kept = ["cniVersion", "cniVersions", "name", "disableCheck", "disableGC"].flatMap((key) => {
    const value = readKey(source, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return { ...Object.fromEntries(kept), plugins: [source] };
}

function parsePlugins(value: JsonValue | undefined, loadOnlyInlinedPlugins: boolean): readonly PluginConfiguration[] {
  if (value === undefined && loadOnlyInlinedPlugins)
    throw new CniError("invalidNetworkConfig", '"loadOnlyInlinedPlugins" is true and there are no "plugins"');
  if (value === undefined)
    throw new CniError("invalidNetworkConfig", 'the network configuration has neither "plugins" nor "type"');
  if (!isJsonArray(value)) throw wrongType("plugins", "an array");
  if (value.length === 0) throw new CniError("invalidNetworkConfig", '"plugins" is empty');
  return value.map(parsePlugin);
}

function parsePlugin(object: JsonValue, index: number): PluginConfiguration {
  if (!isJsonObject(object)) throw wrongType(`plugins[${index}]`, "an object");
  const type = readString(object, "type") ?? "";
  if (type === "") throw new CniError("invalidNetworkConfig", `plugins[${index}] has no "type"`);
  return {
    type: parsePluginType(type),
    ipamType: parseIpamType(object),
    capabilityArgs: parseCapabilityArgs(object),
    object,
  };
}

/** Reads `ipam.type`; absent, null, an empty object and an empty type all mean none. */
function parseIpamType(object: JsonObject): PluginType | undefined {
  const ipam = readKey(object, "ipam");
  if (ipam === undefined) return undefined;
  if (!isJsonObject(ipam)) throw wrongType("ipam", "an object");
  const type = readString(ipam, "type") ?? "";
  return type === "" ? undefined : parsePluginType(type);
}

function parseCapabilityArgs(object: JsonObject): readonly string[] {
  const declared = readKey(object, "capabilities");
  if (declared === undefined) return [];
  if (!isJsonObject(declared)) throw wrongType("capabilities", "an object of booleans");
  return Object.entries(declared).flatMap(([name, value]) => {
    if (value !== null && typeof value !== "boolean") throw wrongType(`capabilities.${name}`, "a boolean");
    return value === true ? [name] : [];
  });
}

function readString(object: JsonObject, key: string): string | undefined {
  const value = readKey(object, key);
  if (value === undefined || typeof value === "string") return value;
  throw wrongType(key, "a string");
}

function readStrings(object: JsonObject, key: string): readonly string[] {
  const value = readKey(object, key);
  if (value === undefined) return [];
  if (!isJsonArray(value)) throw wrongType(key, "an array of strings");
  return value.map((each) => {
    if (typeof each !== "string") throw wrongType(key, "an array of strings");
    return each;
  });
}

/**
 * Reads a boolean, which libcni also takes as the text "true" or "false" of any case.
 * @throws {CniError} decodingFailure when it is something else.
 */
export function readSwitch(object: JsonObject, key: string): boolean {
  const value = readKey(object, key);
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  const text = typeof value === "string" ? value.toLowerCase() : "";
  if (text !== "true" && text !== "false") throw wrongType(key, "true or false, also as text");
  return text === "true";
}

function wrongType(field: string, want: string): CniError {
  return new CniError("decodingFailure", `the network configuration's ${JSON.stringify(field)} has the wrong type`, {
    details: `want ${want}`,
  });
}
