/**
 * @module Runs one plugin of a chain, whatever serves its type: a component in a sandbox, or a legacy executable.
 */

import type { PluginConfiguration } from "../spec/configuration.ts";
import type { AttachmentResult } from "../spec/result.ts";
import { callPlugin, chainStep } from "./chain.ts";
import { callLegacyPlugin, isLegacy } from "./legacy/chain.ts";
import type { Chain, Step } from "./plugins.ts";

/**
 * Runs a plugin and gives its result; `undefined`: the verb has none.
 * @throws {CniError} the plugin's own; and as `chainStep`, `callPlugin` and `callLegacyPlugin` do.
 */
export async function runPlugin(
  chain: Chain,
  configuration: PluginConfiguration,
  asked: Pick<Step, "verb" | "previousResult">,
): Promise<AttachmentResult | undefined> {
  if (isLegacy(chain, configuration.type)) return callLegacyPlugin(chain, { configuration, ...asked });
  const conclusion = await callPlugin(chain, chainStep(chain, configuration, asked));
  if (!conclusion.ok) throw conclusion.error;
  return conclusion.result;
}
