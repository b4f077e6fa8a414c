/**
 * @module Loads configuration lists of a directory by the rules of the runtimes.
 */

import { CniError, isCniError } from "../../spec/error.ts";
import { readKey } from "../../spec/json.ts";
import { parseNetworkName } from "../../spec/names.ts";
import { inFile, isGone, listFiles, readObject } from "./files.ts";
import { LIST_ENDING, completeNetworkList } from "./network-list.ts";
import type { LoadedNetworkList } from "./network-list.ts";

/**
 * Whose rules. `libcni`: lists before single plugins, a broken file is an error. `containerd`: every file by name, the first `max`
 * count, a broken one before that is an error. `crio`: every file by name, broken ones are passed over.
 */
export type LoadingRules = "libcni" | "containerd" | "crio";

/** How to load a directory. */
export interface LoadOptions {
  /** @default "libcni" */
  readonly rules?: LoadingRules;
  /** Files that count, the first by name; containerd's `max_conf_num`. 0: all. @default 1 for containerd, 0 otherwise */
  readonly max?: number;
}

/** A file that does not count. */
export interface SkippedFile {
  readonly path: string;
  /** What is wrong with it. */
  readonly error: CniError;
}

/** What a directory has. */
export interface LoadedNetworkLists {
  /** In the order in which they count. */
  readonly lists: readonly LoadedNetworkList[];
  /** The list that a container is attached to where nothing else is said: the first; `undefined`: there is none. */
  readonly defaultList: LoadedNetworkList | undefined;
  /** Broken files, by the rules of CRI-O, and lists whose name an earlier one has. */
  readonly skipped: readonly SkippedFile[];
}

const SINGLE_ENDINGS = [".conf", ".json"];

/**
 * Loads the list of one network, as libcni does: of files that end in `.conflist` the first with that name, by name of the file; then
 * of `.conf` and `.json`, which hold one plugin. A file before it that is no JSON object or has no name is an error, for it might be the
 * one; what else is wrong with another network is not looked at, other than in libcni.
 * Source: libcni v1.3.0, `libcni/conf.go`, `LoadNetworkConf`.
 * @throws {CniError} invalidNetworkConfig when no file has that network, or the name is not allowed; ioFailure when a file cannot be read; as `parseNetworkList`.
 */
export async function loadNetworkList(directory: string, name: string): Promise<LoadedNetworkList> {
  parseNetworkName(name);
  for (const path of await inLibcniOrder(directory)) {
    const object = await readObject(path);
    const own = readKey(object, "name");
    if (own === name) return completeNetworkList(path, object);
    if (typeof own !== "string" || own === "")
      throw new CniError("invalidNetworkConfig", `${JSON.stringify(path)} has no "name"`);
  }
  throw new CniError(
    "invalidNetworkConfig",
    `no network configuration named ${JSON.stringify(name)} in ${JSON.stringify(directory)}`,
  );
}

/**
 * Loads the list in a file, or the single plugin in it, by its ending; drop-ins are looked for beside the file.
 * @throws {CniError} ioFailure when it cannot be read; as `parseNetworkList`.
 */
export async function loadNetworkFile(path: string): Promise<LoadedNetworkList> {
  return completeNetworkList(path, await readObject(path));
}

/**
 * Loads the lists of a directory. Of two with the same name the first counts; with containerd's rules both do, as it has it.
 * @throws {CniError} by the rules of libcni and containerd, as {@link loadNetworkList} for the first broken file.
 */
export async function loadNetworkLists(directory: string, options: LoadOptions = {}): Promise<LoadedNetworkLists> {
  const { rules = "libcni", max = rules === "containerd" ? 1 : 0 } = options;
  const paths = rules === "libcni" ? await inLibcniOrder(directory) : await inNameOrder(directory);
  const lists: LoadedNetworkList[] = [];
  const skipped: SkippedFile[] = [];
  for (const path of paths) {
    const loaded = await loadOrReport(path);
    if (loaded instanceof CniError) {
      if (rules !== "crio") throw loaded;
      if (!isGone(loaded)) skipped.push({ path, error: loaded });
      continue;
    }
    const earlier = rules === "containerd" ? undefined : lists.find(({ name }) => name === loaded.name);
    if (earlier === undefined) lists.push(loaded);
    else skipped.push({ path, error: shadowed(loaded, earlier) });
    if (lists.length === max) break;
  }
  return { lists, defaultList: lists[0], skipped };
}

async function inLibcniOrder(directory: string): Promise<readonly string[]> {
  return [...(await listFiles(directory, [LIST_ENDING])), ...(await listFiles(directory, SINGLE_ENDINGS))];
}

function inNameOrder(directory: string): Promise<readonly string[]> {
  return listFiles(directory, [LIST_ENDING, ...SINGLE_ENDINGS]);
}

async function loadOrReport(path: string): Promise<LoadedNetworkList | CniError> {
  try {
    return await inFile(path, () => loadNetworkFile(path));
  } catch (error) {
    if (isCniError(error)) return error;
    throw error;
  }
}

function shadowed(list: LoadedNetworkList, earlier: LoadedNetworkList): CniError {
  return new CniError(
    "alreadyExists",
    `${JSON.stringify(list.path)}: ${JSON.stringify(earlier.path)} has a network of the name ${JSON.stringify(list.name)} already`,
    { details: "want another name, or one file less" },
  );
}
