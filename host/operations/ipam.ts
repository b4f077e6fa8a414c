/**
 * @module The call of a plugin's IPAM plugin, inside the call of the plugin.
 */

import type { InstalledPlugin } from "../helper/protocol.ts";
import type { PluginError } from "../helper/sandbox-protocol.ts";
import { CniError, isCniError } from "../spec/error.ts";
import type { IpamAnswer, IpamVerb } from "./backend.ts";
import type { Conclusion } from "./conclusion.ts";
import { callLegacyIpam, isLegacy } from "./legacy/chain.ts";
import { callIdFor, isDispensable, pluginOf } from "./plugins.ts";
import type { Chain, Step } from "./plugins.ts";

/** The call of a plugin, during which it asks. */
export interface OpenStep {
  readonly chain: Chain;
  readonly caller: Step;
}

/** What the IPAM plugin is asked. A caller that is given the answer unasked has the helper wait for the call's end where it matters. */
export interface AskedIpam extends Pick<Step, "isEndAwaited"> {
  readonly verb: IpamVerb;
}

/** Calls a plugin. */
export type CallStep = (chain: Chain, step: Step) => Promise<Conclusion>;

/**
 * Runs the IPAM plugin that the caller's configuration names, with the caller's own request, and gives what the caller is told. Never rejects.
 * Does not trust the caller: the helper judges its grant once more where the nested call begins.
 */
export async function answerIpam(open: OpenStep, asked: AskedIpam, call: CallStep): Promise<IpamAnswer> {
  const { chain } = open;
  const { verb } = asked;
  try {
    const type = ipamTypeOf(open.caller);
    if (isLegacy(chain, type)) return { ok: (await callLegacyIpam(chain, open.caller, { type, verb })) ?? null };
    const conclusion = await call(chain, ipamStep(open, type, asked));
    if (!conclusion.ok) return { err: toPluginError(conclusion.error) };
    // JSON has no `undefined`: a verb without a result answers null.
    return { ok: conclusion.addresses ?? null };
  } catch (error) {
    if (verb === "del" && !isServedByExecutable(open) && isDispensable(chain, error)) return { ok: null };
    const known = isCniError(error)
      ? error
      : new CniError("guestFailed", "the IPAM plugin cannot be run", { details: String(error) });
    return { err: toPluginError(known) };
  }
}

function isServedByExecutable({ chain, caller }: OpenStep): boolean {
  const { ipamType } = caller.configuration;
  return ipamType !== undefined && isLegacy(chain, ipamType);
}

function ipamStep({ chain, caller }: OpenStep, type: string, asked: AskedIpam): Step {
  const plugin = ipamPlugin(chain, type);
  const parentCallId = caller.callId;
  return {
    ...caller,
    ...asked,
    plugin,
    parentCallId,
    callId: callIdFor(chain, plugin.type, parentCallId),
    export: "addresses",
  };
}

/** Gives the type that the caller may ask. @throws {CniError} notPermitted, invalidNetworkConfig. */
function ipamTypeOf({ configuration, plugin, parentCallId }: Step): string {
  const { ipamType } = configuration;
  if (parentCallId !== undefined || !plugin.capabilities.includes("ipam")) {
    throw new CniError("notPermitted", `plugin ${JSON.stringify(plugin.type)} may not call an IPAM plugin`, {
      details: 'a grant of "ipam" would allow it',
    });
  }
  if (ipamType === undefined)
    throw new CniError("invalidNetworkConfig", 'the configuration has no "ipam" with a "type"');
  return ipamType;
}

function ipamPlugin(chain: Chain, ipamType: string): InstalledPlugin {
  const found = pluginOf(chain, ipamType);
  if (!found.exports.includes("addresses")) {
    throw new CniError(
      "invalidNetworkConfig",
      `plugin ${JSON.stringify(ipamType)} gives no addresses: it cannot be "ipam"`,
    );
  }
  return found;
}

function toPluginError({ code, message, details }: CniError): PluginError {
  return details === undefined ? { code, message } : { code, message, details };
}
