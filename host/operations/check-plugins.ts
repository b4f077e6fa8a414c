/**
 * @module What has to be there before a chain is run: every plugin, whatever serves it.
 */

import { checkLegacy, isLegacy } from "./legacy/chain.ts";
import { searchExecutable } from "./legacy/find.ts";
import { checkVersion, findPlugin, pluginOf, unknownPlugin } from "./plugins.ts";
import type { Chain } from "./plugins.ts";

/**
 * Checks that every plugin of the chain is there, IPAM plugins of components included, and that components speak the version: before
 * anything is done. An executable says itself what it does not speak.
 * @throws {CniError} unknownPlugin, incompatibleCniVersion, notPermitted.
 */
export function checkPlugins(chain: Chain): void {
  for (const { type, ipamType } of chain.invocation.network.plugins) {
    checkPlugin(chain, type);
    if (ipamType === undefined || isLegacy(chain, type)) continue;
    if (pluginOf(chain, type).capabilities.includes("ipam")) checkPlugin(chain, ipamType);
  }
}

function checkPlugin(chain: Chain, type: string): void {
  if (isLegacy(chain, type)) return checkLegacy(chain, type);
  const { network, pluginDirs, scope } = chain.invocation;
  if (findPlugin(chain, type) === undefined && scope === "")
    throw unknownPlugin(type, searchExecutable(type, pluginDirs));
  checkVersion(pluginOf(chain, type), network.cniVersion);
}
