/**
 * @module VERSION: answered from manifests; no plugin is run.
 */

import type { InstalledPlugin } from "../helper/protocol.ts";
import { SUPPORTED_VERSIONS, versionResult } from "../spec/version.ts";
import type { VersionResult } from "../spec/version.ts";

/**
 * Gives the versions that every one of some plugins speaks; without any, those of the host.
 * `asked` is the version of the request, which is echoed; `undefined`: none.
 */
export function version(plugins: readonly InstalledPlugin[], asked: string | undefined): VersionResult {
  const spoken = SUPPORTED_VERSIONS.filter((each) => plugins.every((plugin) => plugin.cniVersions.includes(each)));
  return versionResult(asked, spoken);
}
