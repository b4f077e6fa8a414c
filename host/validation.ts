/**
 * @module Validates a network on the state directory of a host: what is installed, granted and allowed is looked up here.
 */
import type { ValidateRequest } from "./requests.ts";
import { readBounded } from "./components/granted.ts";
import { layoutOf } from "./components/layout.ts";
import type { Layout } from "./components/layout.ts";
import { readPresentGrant } from "./components/store.ts";
import { parseManifest } from "./grants/grant.ts";
import type { Manifest } from "./grants/grant.ts";
import type { HelperClient } from "./helper/client.ts";
import type { Digest } from "./helper/protocol.ts";
import { typesOf } from "./operations/invocation.ts";
import { searchExecutable } from "./operations/legacy/find.ts";
import type { ServedBy } from "./operations/validation/parts.ts";
import type { ValidationReport } from "./operations/validation/report.ts";
import { validateNetwork } from "./operations/validation/validate.ts";
import { parseNetworkConfiguration } from "./spec/configuration.ts";
import { CniError, isCniError } from "./spec/error.ts";

/** Longest stored manifest in bytes. It was checked when it was stored. */
const MANIFEST_MAX_BYTES = 1024 * 1024;

/** What a validation works with. */
export interface ValidationSource {
  readonly stateDir: string;
  readonly client: Pick<HelperClient, "request">;
}

/**
 * Validates a network's configuration. Runs no plugin.
 * @throws {CniError} componentRejected when the stored manifest of a plugin cannot be read; stateUnusable, helperFailed.
 */
export async function validate(source: ValidationSource, request: ValidateRequest): Promise<ValidationReport> {
  const { network, pluginDirs = [] } = request;
  const { types: allowed } = await source.client.request("list-legacy", {});
  const servedBy = new Map<string, ServedBy>();
  for (const type of wantedTypes(network)) {
    const component = await readComponent(layoutOf(source.stateDir), type);
    const kind = allowed.some((each) => each.type === type) ? "legacy" : "none";
    servedBy.set(type, component ?? { kind, executable: searchExecutable(type, pluginDirs) });
  }
  // A bundle of its own: no call pays for it.
  const { checkSchema } = await import("./operations/validation/schema-check.ts");
  const nothing: ServedBy = { kind: "none", executable: undefined };
  return validateNetwork({ servedBy: (type) => servedBy.get(type) ?? nothing, checkSchema }, network);
}

/** Lists the types of a network; one that cannot be read, which the report says, has none. */
function wantedTypes(network: ValidateRequest["network"]): readonly string[] {
  try {
    return typesOf(parseNetworkConfiguration(network));
  } catch (error) {
    if (isCniError(error)) return [];
    throw error;
  }
}

async function readComponent(layout: Layout, type: string): Promise<ServedBy | undefined> {
  const present = await readPresentGrant(layout, type);
  if (present?.grant === undefined) return undefined;
  const { exports, cniVersions, capabilities: granted } = present.grant;
  return { kind: "component", exports, cniVersions, granted, manifest: readManifest(layout, present.digest) };
}

function readManifest(layout: Layout, digest: Digest): Manifest {
  try {
    return parseManifest(JSON.parse(readBounded(layout.manifest(digest), MANIFEST_MAX_BYTES).toString("utf8")));
  } catch (cause) {
    if (isCniError(cause)) throw cause;
    throw new CniError("componentRejected", `the manifest of ${digest} cannot be read`, {
      details: String(cause),
      cause,
    });
  }
}
