/**
 * @module One step of a chain: the request that a plugin gets, and how its call ended.
 */

import { randomUUID } from "node:crypto";
import type { NetworkConfiguration, PluginConfiguration } from "../spec/configuration.ts";
import { CniError } from "../spec/error.ts";
import {
  broughtPreviousResult,
  deriveNetworkRequest,
  deriveRequest,
  deriveRequestConfiguration,
} from "../spec/request.ts";
import { formatPreviousResult, parseResult } from "../spec/result-json.ts";
import type { AttachmentResult } from "../spec/result.ts";
import type { CallBeginning, GuestOutcome, PluginCallEnded } from "./backend.ts";
import { concludeCall, endingOf } from "./conclusion.ts";
import type { Called, Conclusion } from "./conclusion.ts";
import { earlyIpamPlugin, openIpam } from "./early-ipam.ts";
import type { Invocation } from "./invocation.ts";
import { callIdFor, findPlugin, pluginOf, takeAhead } from "./plugins.ts";
import type { Chain, FindPlugin, Step } from "./plugins.ts";

/** Exports in the order of preference: a plugin that can have the container's namespace gets it. */
const CHAIN_EXPORTS = ["attachment", "chained", "addresses"] as const;

/**
 * Calls one plugin and judges how it ended. Where its end need not be waited for, and it went well, the verb's end waits for it. One whose
 * sandbox was lost is called once more, but for ADD: what it did is undone, and the runtime repeats it.
 * @throws {CniError} as the backend does when the call cannot be made or ended.
 */
export async function callPlugin(chain: Chain, step: Step): Promise<Conclusion> {
  const { conclusion, isSandboxLost } = await callOnce(chain, step);
  const isRepeated = isSandboxLost && step.verb !== "add" && chain.invocation.signal?.aborted !== true;
  return isRepeated ? (await callOnce(chain, { ...step, callId: randomUUID() })).conclusion : conclusion;
}

interface CalledOnce {
  readonly conclusion: Conclusion;
  readonly isSandboxLost: boolean;
}

async function callOnce(chain: Chain, step: Step): Promise<CalledOnce> {
  const { invocation } = chain;
  const { isEndAwaited = false } = step;
  const beginning = takeAhead(chain, step.callId) ?? deriveCall(invocation, step, (type) => findPlugin(chain, type));
  const judge = judgeOf({ type: step.plugin.type, export: beginning.export, verb: step.verb });
  const ipam = openIpam({ chain, caller: step, isEarly: beginning.earlyIpam !== undefined }, callPlugin);
  const ended = await chain.backend.call({
    ...beginning,
    signal: invocation.signal,
    isEndAwaited,
    onRun: ipam.start,
    onIpam: ipam.answer,
    beforeEnd: ({ outcome, tookIpam }) => ipam.finish({ isKept: judge(outcome).ok, isTaken: tookIpam }),
    conclude: (outcome) => endingOf(judge(outcome)),
  });
  const conclusion = judge(ended.outcome);
  const closing = closeCall(chain, step, ended);
  if (isEndAwaited || !conclusion.ok) await closing;
  else chain.closings.push(closing);
  return { conclusion, isSandboxLost: ended.isSandboxLost };
}

/** Judges the outcome of one call: once, however often it is asked. */
function judgeOf(called: Called): (outcome: GuestOutcome) => Conclusion {
  let known: { readonly outcome: GuestOutcome; readonly conclusion: Conclusion } | undefined;
  return (outcome) => {
    if (known?.outcome !== outcome) known = { outcome, conclusion: concludeCall(called, outcome) };
    return known.conclusion;
  };
}

/** Gives what is known of a call before it begins. `find` gives the plugin that a type names. */
export function deriveCall(invocation: Invocation, step: Step, find: FindPlugin): CallBeginning {
  const { network, operationId } = invocation;
  const { callId, plugin, verb, previousResult, parentCallId } = step;
  const derived = deriveRequestConfiguration(network, step.configuration, invocation.runtimeConfig);
  const name = exportOf(step);
  return {
    operationId,
    callId,
    plugin,
    export: name,
    verb,
    request:
      name === "network"
        ? deriveNetworkRequest(network, derived)
        : deriveRequest(network, derived, { ...invocation, previousResult }),
    valid: step.valid,
    runtimeConfig: JSON.stringify(derived.runtimeConfig),
    previousResult:
      previousResult === undefined
        ? undefined
        : JSON.stringify(formatPreviousResult(previousResult, network.cniVersion)),
    parentCallId,
    earlyIpam: earlyIpamPlugin(step, find),
  };
}

/**
 * Gives the step of the chain itself that calls the plugin of a configuration.
 * @throws {CniError} unknownPlugin when it is not installed.
 */
export function chainStep(
  chain: Chain,
  configuration: PluginConfiguration,
  asked: Pick<Step, "verb" | "previousResult">,
): Step {
  const plugin = pluginOf(chain, configuration.type);
  const callId = callIdFor(chain, plugin.type, undefined);
  return { ...asked, configuration, plugin, callId, parentCallId: undefined };
}

/** Waits for a call's end and writes down what it did. A rejection that nobody awaits is harmless. */
function closeCall(chain: Chain, { plugin, verb }: Step, ended: PluginCallEnded): Promise<void> {
  const { phasesMicroseconds, log, closed } = ended;
  const closing = closed.then(({ refusals, operations }) => {
    chain.refusals.push(...refusals);
    chain.calls.push({ type: plugin.type, verb, phasesMicroseconds, operations, log });
  });
  closing.catch(() => undefined);
  return closing;
}

/** Gives the previous result that the plugin's own object brings along; a broken one is an error. `undefined`: none. */
export function broughtResult(
  network: NetworkConfiguration,
  configuration: PluginConfiguration,
): AttachmentResult | undefined {
  const brought = broughtPreviousResult(configuration);
  return brought === undefined ? undefined : parseResult(brought, network.cniVersion).result;
}

function exportOf({ plugin, parentCallId, export: wanted }: Step): string {
  if (wanted !== undefined) return wanted;
  if (parentCallId !== undefined) return "addresses";
  const found = CHAIN_EXPORTS.find((name) => plugin.exports.includes(name));
  if (found !== undefined) return found;
  throw new CniError("invalidNetworkConfig", `plugin ${JSON.stringify(plugin.type)} has no verbs`, {
    details: `it exports ${plugin.exports.join(", ")}`,
  });
}
