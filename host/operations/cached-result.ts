/**
 * @module What the last ADD of an attachment left: in the ledger, and, where there is a cache of files, there.
 */

import { isCniError } from "../spec/error.ts";
import { parseJsonObject } from "../spec/json.ts";
import type { JsonObject } from "../spec/json.ts";
import { parseResult } from "../spec/result-json.ts";
import type { AttachmentResult } from "../spec/result.ts";
import type { Chain } from "./plugins.ts";

/**
 * Reads the result of the last ADD; `undefined`: there is none, or it is broken, which must not keep DEL from its work. The file counts
 * where the ledger has nothing: the attachment was made by libcni. A broken file is dropped on DEL.
 * @throws {CniError} decodingFailure, ioFailure when the file of an attachment that is to be checked is broken.
 */
export function cachedResult(chain: Chain): AttachmentResult | undefined {
  const { attachment } = chain.begun;
  if (attachment?.result === undefined) return resultInFile(chain);
  try {
    return parseResult(parseJsonObject(attachment.result, "the cached result"), attachment.cniVersion).result;
  } catch (error) {
    if (isCniError(error)) return undefined;
    throw error;
  }
}

/** Writes what ADD gave to the cache, if there is one. @throws {CniError} ioFailure. */
export function keepResult({ invocation }: Chain, result: JsonObject): void {
  const { cache, network, containerId, netns, ifname, args, runtimeConfig } = invocation;
  const key = { network: network.name, containerId, ifname };
  cache?.write({ ...key, netns, configuration: network.text, args, runtimeConfig, result });
}

/** Removes it from the cache. What goes wrong is a warning: the attachment is gone. */
export function dropResult({ invocation }: Chain): void {
  const { cache, network, containerId, ifname, onWarning } = invocation;
  try {
    cache?.remove({ network: network.name, containerId, ifname });
  } catch (error) {
    onWarning(error instanceof Error ? error.message : String(error));
  }
}

function resultInFile(chain: Chain): AttachmentResult | undefined {
  const { cache, network, containerId, ifname, verb, onWarning } = chain.invocation;
  try {
    const content = cache?.read({ network: network.name, containerId, ifname });
    return content === undefined ? undefined : parseResult(content.result, network.cniVersion).result;
  } catch (error) {
    if (verb !== "DEL" || !isCniError(error)) throw error;
    onWarning(`${error.message}; DEL goes on without it`);
    dropResult(chain);
    return undefined;
  }
}
