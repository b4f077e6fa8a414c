/**
 * @module What libcni keeps of an attachment in a file, and so what is kept for libcni. Pure but for base64.
 */

import type { CniArguments } from "../../spec/arguments.ts";
import { CniError } from "../../spec/error.ts";
import { isJsonArray, isJsonObject, parseJsonObject, readKey } from "../../spec/json.ts";
import type { JsonObject, JsonValue } from "../../spec/json.ts";

/** Value of `kind` that the present form has. Source: libcni `libcni/api.go`, `CNICacheV1`. */
const KIND = "cniCacheV1";

/** Which attachment. */
export interface CacheKey {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

/** An attachment as a cache knows it. */
export interface CachedAttachment extends CacheKey {
  /** `undefined`: older releases of libcni did not keep it. */
  readonly netns: string | undefined;
  /** JSON text of the network configuration list. */
  readonly configuration: string;
  /** CNI_ARGS, in order. */
  readonly args: CniArguments;
  /** Capability arguments. */
  readonly runtimeConfig: JsonObject;
  /** As ADD answered it. */
  readonly result: JsonObject;
}

/** What a file holds: an attachment, or, of releases before `kind` was there, its result alone. */
export type CacheContent =
  | { readonly attachment: CachedAttachment; readonly result: JsonObject }
  | { readonly attachment: undefined; readonly result: JsonObject };

/** Writes the text of a file. */
export function formatCached(cached: CachedAttachment): string {
  const { network, containerId, ifname, netns, configuration, args, runtimeConfig, result } = cached;
  return JSON.stringify({
    kind: KIND,
    containerId,
    config: Buffer.from(configuration, "utf8").toString("base64"),
    ifName: ifname,
    networkName: network,
    ...(netns === undefined || netns === "" ? {} : { netns }),
    ...(args.length === 0 ? {} : { cniArgs: args }),
    ...(Object.keys(runtimeConfig).length === 0 ? {} : { capabilityArgs: runtimeConfig }),
    result,
  });
}

/**
 * Parses the text of a file.
 * @throws {CniError} decodingFailure when it is neither form.
 */
export function parseCached(text: string): CacheContent {
  const object = parseJsonObject(text, "the cached result");
  const kind = readKey(object, "kind");
  if (kind === undefined) return { attachment: undefined, result: object };
  if (kind !== KIND) throw broken("kind", `want ${JSON.stringify(KIND)}; got ${JSON.stringify(kind)}`);
  const result = readKey(object, "result");
  if (!isJsonObject(result)) throw broken("result", "want an object");
  const attachment: CachedAttachment = {
    network: textOf(object, "networkName"),
    containerId: textOf(object, "containerId"),
    ifname: textOf(object, "ifName"),
    netns: readKey(object, "netns") === undefined ? undefined : textOf(object, "netns"),
    configuration: Buffer.from(textOf(object, "config"), "base64").toString("utf8"),
    args: parseArguments(readKey(object, "cniArgs")),
    runtimeConfig: objectOf(object, "capabilityArgs"),
    result,
  };
  return { attachment, result };
}

function parseArguments(value: JsonValue | undefined): CniArguments {
  if (value === undefined) return [];
  if (!isJsonArray(value)) throw broken("cniArgs", "want an array of pairs");
  return value.map((pair) => {
    const [name, text] = isJsonArray(pair) ? pair : [];
    if (typeof name !== "string" || typeof text !== "string") throw broken("cniArgs", "want an array of pairs");
    return [name, text] as const;
  });
}

function textOf(object: JsonObject, key: string): string {
  const value = readKey(object, key);
  if (typeof value === "string") return value;
  throw broken(key, "want a string");
}

function objectOf(object: JsonObject, key: string): JsonObject {
  const value = readKey(object, key);
  if (value === undefined) return {};
  if (isJsonObject(value)) return value;
  throw broken(key, "want an object");
}

function broken(key: string, details: string): CniError {
  return new CniError("decodingFailure", `the cached result's ${JSON.stringify(key)} is not what it should be`, {
    details,
  });
}
