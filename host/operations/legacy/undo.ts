/**
 * @module What executables made and only they can remove: their DEL after an ADD that failed, and after a component that did not ask for it.
 */

import { VERB_SINCE, isAtLeast } from "../../spec/version.ts";
import type { PluginConfiguration } from "../../spec/configuration.ts";
import type { AttachmentResult } from "../../spec/result.ts";
import type { Chain, LegacyRun } from "../plugins.ts";
import { callLegacyPlugin, isLegacy, tookPart } from "./chain.ts";

/**
 * Calls DEL of the executables whose ADD was called, also of one that failed, last first, unless a component did it. Not ended early: whoever
 * called may be gone. Gives what could not be undone, a line each. Never rejects.
 */
export async function undoLegacy(chain: Chain): Promise<readonly string[]> {
  const lines: string[] = [];
  const patient: Chain = { ...chain, invocation: { ...chain.invocation, signal: undefined } };
  for (const made of chain.legacyRuns.filter((each) => each.verb === "add").toReversed()) {
    if (chain.legacyRuns.some((other) => isUndoneBy(made, other))) continue;
    try {
      await delOf(patient, made.type, made.configuration, made.latestResult);
    } catch (error) {
      lines.push(`not undone: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return lines;
}

/**
 * Calls DEL of a component's legacy IPAM plugin where the component did not ask for it: it was not run, or it failed before.
 * Throws as `callLegacyPlugin` does.
 */
export async function delUnaskedIpam(
  chain: Chain,
  configuration: PluginConfiguration,
  previousResult: AttachmentResult | undefined,
): Promise<void> {
  const { ipamType: type } = configuration;
  // Without a record of what took part, DEL is what the component makes of it.
  if (type === undefined || isLegacy(chain, configuration.type) || !tookPart(chain, type)) return;
  if (chain.legacyRuns.some((made) => made.verb === "del" && isOf(made, type, configuration))) return;
  await delOf(chain, type, configuration, previousResult);
}

async function delOf(
  chain: Chain,
  type: string,
  configuration: PluginConfiguration,
  result: AttachmentResult | undefined,
): Promise<void> {
  const hasResult = isAtLeast(chain.invocation.network.cniVersion, VERB_SINCE.prevResultOnDel);
  await callLegacyPlugin(chain, { configuration, verb: "del", previousResult: hasResult ? result : undefined }, type);
}

function isUndoneBy(made: LegacyRun, other: LegacyRun): boolean {
  return other.verb === "del" && other.isDone && isOf(other, made.type, made.configuration);
}

function isOf(run: LegacyRun, type: string, configuration: PluginConfiguration): boolean {
  return run.type === type && run.configuration === configuration;
}
