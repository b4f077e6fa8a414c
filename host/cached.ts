/**
 * @module What is kept of attachments, as libcni's runtimes ask for it: from the ledger, and from files where there is a cache of them.
 */
import type { CachedAttachment } from "./api.ts";
import type { CachedRequest } from "./requests.ts";
import type { AttachmentRecord } from "./helper/protocol.ts";
import type { HelperClient } from "./helper/client.ts";
import type { ResultsCache } from "./operations/results-cache/files.ts";
import { parseNetworkConfiguration } from "./spec/configuration.ts";
import { parseJsonObject } from "./spec/json.ts";
import type { JsonObject } from "./spec/json.ts";
import { convertResult } from "./spec/result-json.ts";

/** What is asked. */
export interface CachedParts {
  readonly client: Pick<HelperClient, "request">;
  readonly cache: ResultsCache | undefined;
}

/**
 * Gives the result that ADD of a list answered, in the list's present version; `undefined`: nothing is known.
 * @throws {CniError} decodingFailure when it is broken; as `parseNetworkConfiguration` does.
 */
export async function cachedResult(parts: CachedParts, request: CachedRequest): Promise<JsonObject | undefined> {
  const { name, cniVersion } = parseNetworkConfiguration(request.network);
  const { containerId, ifname } = request;
  const key = { network: name, containerId, ifname };
  const found = (await recorded(parts, containerId)).find((each) => isOf(each, key));
  // Older files have a result alone.
  const result = found?.result ?? parts.cache?.read(key)?.result;
  if (result === undefined) return undefined;
  return convertResult(result, found === undefined ? cniVersion : versionIn(found.configuration), cniVersion);
}

/** Gives what ADD of a list was given; `undefined`: nothing is known. Throws as {@link cachedResult}. */
export async function cachedAttachment(
  parts: CachedParts,
  request: CachedRequest,
): Promise<CachedAttachment | undefined> {
  const { name } = parseNetworkConfiguration(request.network);
  const { containerId, ifname } = request;
  return (await cachedAttachments(parts, containerId)).find((each) =>
    isOf(each, { network: name, containerId, ifname }),
  );
}

/** Lists the attachments of lists, of one container or of all. What the ledger knows comes first; a broken file is passed over. */
export async function cachedAttachments(
  parts: CachedParts,
  containerId: string | undefined,
): Promise<readonly CachedAttachment[]> {
  const known = await recorded(parts, containerId);
  const inFiles = parts.cache?.list(containerId) ?? [];
  return [...known, ...inFiles.filter((file) => !known.some((each) => isOf(each, file)))];
}

/** Those that executables made plugin by plugin are the runtime's own to know. */
async function recorded(
  { client }: CachedParts,
  containerId: string | undefined,
): Promise<readonly CachedAttachment[]> {
  const { attachments } = await client.request("list-attachments", containerId === undefined ? {} : { containerId });
  return attachments.filter(({ scope }) => scope === "").map(attachmentOf);
}

function attachmentOf(record: AttachmentRecord): CachedAttachment {
  const { network, containerId, ifname, netns, configuration, args, runtimeConfig, result } = record;
  return {
    network,
    containerId,
    ifname,
    netns,
    configuration,
    args,
    runtimeConfig: parseJsonObject(runtimeConfig, "the recorded capability arguments"),
    result: result === undefined ? {} : parseJsonObject(result, "the recorded result"),
  };
}

function isOf(one: CachedKey, other: CachedKey): boolean {
  return one.network === other.network && one.containerId === other.containerId && one.ifname === other.ifname;
}

type CachedKey = Pick<CachedAttachment, "network" | "containerId" | "ifname">;

/** A result that names no version has that of the configuration it was made with. */
function versionIn(configuration: string): string {
  return parseNetworkConfiguration(configuration).cniVersion;
}
