/**
 * @module VERSION: answered from manifests; no plugin is run, but for legacy executables, which have none.
 */

import type { InstalledPlugin } from "../helper/protocol.ts";
import { SUPPORTED_VERSIONS, versionResult } from "../spec/version.ts";
import type { VersionResult } from "../spec/version.ts";
import type { Backend } from "./backend.ts";
import { endChain, endWithError, openChain } from "./ending.ts";
import { parseNetworkInvocation, typesOf } from "./invocation.ts";
import type { NetworkInput } from "./invocation.ts";
import { checkLegacy, isLegacy } from "./legacy/chain.ts";
import { searchExecutable } from "./legacy/find.ts";
import { askLegacyVersions } from "./legacy/version.ts";
import { findPlugin, unknownPlugin } from "./plugins.ts";
import type { Chain } from "./plugins.ts";

/**
 * Gives the versions that every one of some plugins speaks, each given as what it speaks; without any, those of the host.
 * `asked` is the version of the request, which is echoed; `undefined`: none.
 */
export function version(spoken: readonly (readonly string[])[], asked: string | undefined): VersionResult {
  return versionResult(
    asked,
    SUPPORTED_VERSIONS.filter((each) => spoken.every((versions) => versions.includes(each))),
  );
}

/**
 * Gives the versions that every plugin of a network speaks, IPAM plugins included.
 * @throws {CniError} unknownPlugin when one is neither installed nor an allowed executable; as `askLegacyVersions` does.
 */
export async function versionOfNetwork(
  backend: Backend,
  installed: readonly InstalledPlugin[],
  input: NetworkInput,
): Promise<VersionResult> {
  const invocation = parseNetworkInvocation("STATUS", input);
  const known = typesOf(invocation.network).map(
    (type) => installed.find((plugin) => plugin.type === type)?.cniVersions,
  );
  const all = known.filter((versions) => versions !== undefined);
  if (all.length === known.length) return version(all, invocation.network.cniVersion);
  // Begun as the verb that is about a network and changes nothing: executables are on record with it.
  const chain = await openChain(backend, invocation);
  try {
    const spoken: (readonly string[])[] = [];
    for (const type of typesOf(invocation.network)) spoken.push(await versionsOf(chain, type));
    await endChain(chain, "ok");
    return version(spoken, invocation.network.cniVersion);
  } catch (error) {
    throw await endWithError(chain, error);
  }
}

async function versionsOf(chain: Chain, type: string): Promise<readonly string[]> {
  const { backend, invocation } = chain;
  const plugin = findPlugin(chain, type);
  if (plugin !== undefined) return plugin.cniVersions;
  if (!isLegacy(chain, type)) throw unknownPlugin(type, searchExecutable(type, invocation.pluginDirs));
  checkLegacy(chain, type);
  return askLegacyVersions({ backend, invocation }, type, invocation.network.cniVersion);
}
