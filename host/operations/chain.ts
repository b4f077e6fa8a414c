/**
 * @module One step of a chain: the request that a plugin gets, and how its call ended.
 */

import type { NetworkConfiguration, PluginConfiguration } from "../spec/configuration.ts";
import { CniError } from "../spec/error.ts";
import { broughtPreviousResult, deriveRequest, deriveRequestConfiguration } from "../spec/request.ts";
import { formatResult, parseResult } from "../spec/result-json.ts";
import type { AttachmentResult } from "../spec/result.ts";
import { concludeCall, endingOf } from "./conclusion.ts";
import type { Conclusion } from "./conclusion.ts";
import { answerIpam } from "./ipam.ts";
import type { Chain, Step } from "./plugins.ts";

/** Exports in the order of preference: a plugin that can have the container's namespace gets it. */
const CHAIN_EXPORTS = ["attachment", "chained", "addresses"] as const;

/**
 * Calls one plugin and judges how it ended.
 * @throws {CniError} as the backend does when the call cannot be made.
 */
export async function callPlugin(chain: Chain, step: Step): Promise<Conclusion> {
  const { invocation, begun } = chain;
  const { plugin, verb } = step;
  const { network } = invocation;
  const called = { type: plugin.type, export: exportOf(step), verb };
  const derived = deriveRequestConfiguration(network, step.configuration, invocation.runtimeConfig);
  const ended = await chain.backend.call({
    operationId: begun.operationId,
    plugin,
    export: called.export,
    verb,
    request: deriveRequest(network, derived, { ...invocation, previousResult: step.previousResult }),
    runtimeConfig: JSON.stringify(derived.runtimeConfig),
    previousResult:
      step.previousResult === undefined
        ? undefined
        : JSON.stringify(formatResult(step.previousResult, network.cniVersion)),
    parentCallId: step.parentCallId,
    signal: invocation.signal,
    onIpam: (ipamVerb, callId) => answerIpam({ chain, caller: step, callId }, ipamVerb, callPlugin),
    conclude: (outcome) => endingOf(concludeCall(called, outcome)),
  });
  chain.refusals.push(...ended.refusals);
  const { phasesMicroseconds, operations, log } = ended;
  chain.calls.push({ type: plugin.type, verb, phasesMicroseconds, operations, log });
  return concludeCall(called, ended.outcome);
}

/** Gives the previous result that the plugin's own object brings along; a broken one is an error. `undefined`: none. */
export function broughtResult(
  network: NetworkConfiguration,
  configuration: PluginConfiguration,
): AttachmentResult | undefined {
  const brought = broughtPreviousResult(configuration);
  return brought === undefined ? undefined : parseResult(brought, network.cniVersion).result;
}

function exportOf({ plugin, parentCallId }: Step): string {
  if (parentCallId !== undefined) return "addresses";
  const found = CHAIN_EXPORTS.find((name) => plugin.exports.includes(name));
  if (found !== undefined) return found;
  throw new CniError("invalidNetworkConfig", `plugin ${JSON.stringify(plugin.type)} has no verbs`, {
    details: `it exports ${plugin.exports.join(", ")}`,
  });
}
