/**
 * @module One configuration list: of a text, or of a file with what belongs to it.
 */

import { dirname, join } from "node:path";
import { parseNetworkConfiguration, readSwitch } from "../../spec/configuration.ts";
import type { NetworkConfiguration } from "../../spec/configuration.ts";
import { CniError } from "../../spec/error.ts";
import { isJsonArray, readKey, withoutKeys } from "../../spec/json.ts";
import type { JsonObject } from "../../spec/json.ts";
import { parseNetworkName } from "../../spec/names.ts";
import { inFile, listFiles, readObject } from "./files.ts";

/** A configuration list, as the verbs take it by its `text`. */
export type NetworkList = NetworkConfiguration;

/** A list that was read from a file. */
export interface LoadedNetworkList extends NetworkList {
  /** File that has it. */
  readonly path: string;
  /** Files whose plugins were appended, in order. */
  readonly dropIns: readonly string[];
}

/** Ending of files that hold a list; the others hold one plugin. */
export const LIST_ENDING = ".conflist";

/**
 * Parses a configuration list, or the configuration of one plugin, which becomes a list of one. A list without `plugins` is complete
 * with its drop-in files only: {@link loadNetworkList} reads them.
 * @throws {CniError} decodingFailure, invalidNetworkConfig, incompatibleCniVersion.
 */
export function parseNetworkList(text: string | JsonObject): NetworkList {
  return parseNetworkConfiguration(text);
}

/**
 * Completes and parses what a file holds: a list gets the plugins of the files in the folder named after the network, a single plugin
 * becomes a list. The name is checked before it is part of a path.
 * Source: libcni v1.3.0, `libcni/conf.go`, `NetworkConfFromFile`, `ConfFromFile`, `ConfListFromConf`.
 * @throws {CniError} as {@link parseNetworkList}, naming the file: also for a drop-in without a type, since a network without one of
 * its plugins is not what the operator asked for.
 */
export async function completeNetworkList(path: string, object: JsonObject): Promise<LoadedNetworkList> {
  if (!path.endsWith(LIST_ENDING)) {
    const list = await inFile(path, () => parseSinglePlugin(object));
    return { ...list, path, dropIns: [] };
  }
  const dropIns = await inFile(path, () => listDropIns(dirname(path), object));
  const plugins = await Promise.all(dropIns.map(readDropIn));
  const list = await inFile(path, () => parseNetworkConfiguration(append(object, plugins)));
  return { ...list, path, dropIns };
}

function parseSinglePlugin(object: JsonObject): NetworkConfiguration {
  if ((readKey(object, "type") ?? "") !== "") return parseNetworkConfiguration(object);
  const isList = readKey(object, "plugins") !== undefined;
  throw new CniError("invalidNetworkConfig", 'the configuration of one plugin has no "type"', {
    details: isList
      ? `it is a list: want the ending ${JSON.stringify(LIST_ENDING)}`
      : 'want "type", the name of the plugin',
  });
}

/** Lists the drop-in files of a list that takes some. */
async function listDropIns(directory: string, list: JsonObject): Promise<readonly string[]> {
  if (readSwitch(list, "loadOnlyInlinedPlugins")) return [];
  const name = readKey(list, "name");
  // A missing name is reported where the list is parsed.
  if (typeof name !== "string") return [];
  return listFiles(join(directory, parseNetworkName(name)), [".conf"]);
}

async function readDropIn(path: string): Promise<JsonObject> {
  const plugin = await readObject(path);
  if ((readKey(plugin, "type") ?? "") !== "") return plugin;
  throw new CniError("invalidNetworkConfig", `${JSON.stringify(path)} has no "type"`, {
    details: "want the configuration of one plugin: the whole network is not loaded without it",
  });
}

/** Appends plugins. An empty list of the operator's own stays the error that it is. */
function append(list: JsonObject, plugins: readonly JsonObject[]): JsonObject {
  const inlined = readKey(list, "plugins");
  if (plugins.length === 0 || (inlined !== undefined && (!isJsonArray(inlined) || inlined.length === 0))) return list;
  return { ...withoutKeys(list, ["plugins"]), plugins: [...(inlined ?? []), ...plugins] };
}
