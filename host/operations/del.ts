/**
 * @module DEL: the plugins in reverse, each with the final result of ADD; then the helper removes whatever is still owned.
 */

import type { PluginConfiguration } from "../spec/configuration.ts";
import { CniError, isCniError } from "../spec/error.ts";
import type { AttachmentResult } from "../spec/result.ts";
import { VERB_SINCE, isAtLeast } from "../spec/version.ts";
import type { Backend } from "./backend.ts";
import { cachedResult, dropResult } from "./cached-result.ts";
import { broughtResult } from "./chain.ts";
import { openChain, phasesOf, refusalLines, reportOf } from "./ending.ts";
import type { VerbReport } from "./ending.ts";
import { endOrAdd, firstOf, remainsOf } from "./failures.ts";
import { parseInvocation } from "./invocation.ts";
import type { InvocationInput } from "./invocation.ts";
import { isLegacy } from "./legacy/chain.ts";
import { delUnaskedIpam } from "./legacy/undo.ts";
import { isDispensable } from "./plugins.ts";
import type { Chain } from "./plugins.ts";
import { runPlugin } from "./run-plugin.ts";

/**
 * Removes a container from a network. Goes on after a failure; the first one is thrown, after everything that is owned was removed.
 * Succeeds when there is nothing to remove, and when a plugin is no longer there, if the attachment is on record; a legacy executable that
 * took part is needed, for nobody else knows what it made.
 * Source: CNI SPEC 1.1.0, section 3, "Deleting an attachment".
 * @throws {CniError} pluginFailed with a plugin's own code; unknownPlugin when nothing is on record; helperFailed when something could not be removed.
 */
export async function del(backend: Backend, input: InvocationInput): Promise<VerbReport> {
  const chain = await openChain(backend, parseInvocation("DEL", input));
  const failures: unknown[] = [];
  try {
    failures.push(...(await runBackward(chain)));
  } catch (error) {
    failures.push(error);
  }
  const phases = phasesOf(chain);
  const ended = await endOrAdd(chain, failures);
  if (failures.length > 0) throw firstOf(failures, [...refusalLines(chain), ...remainsOf(ended)]);
  if (ended === undefined || ended.failures.length > 0) {
    throw new CniError("helperFailed", "not everything of the attachment could be removed", {
      details: remainsOf(ended).join("\n"),
    });
  }
  dropResult(chain);
  return reportOf(chain, phases, ended);
}

async function runBackward(chain: Chain): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  const { cniVersion, plugins } = chain.invocation.network;
  const cached = isAtLeast(cniVersion, VERB_SINCE.prevResultOnDel) ? cachedResult(chain) : undefined;
  for (const configuration of plugins.toReversed()) {
    const previousResult = broughtOnDel(chain, configuration) ?? cached;
    for (const remove of [delPlugin, delUnaskedIpam]) {
      try {
        await remove(chain, configuration, previousResult);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  return failures;
}

async function delPlugin(
  chain: Chain,
  configuration: PluginConfiguration,
  previousResult: AttachmentResult | undefined,
): Promise<void> {
  try {
    await runPlugin(chain, configuration, { verb: "del", previousResult });
  } catch (error) {
    if (isLegacy(chain, configuration.type) || !isDispensable(chain, error)) throw error;
  }
}

/** Gives the result that the runtime brought; a broken one must not keep DEL from its work. */
function broughtOnDel(chain: Chain, configuration: PluginConfiguration): AttachmentResult | undefined {
  try {
    return broughtResult(chain.invocation.network, configuration);
  } catch (error) {
    if (isCniError(error)) return undefined;
    throw error;
  }
}
