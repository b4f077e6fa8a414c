/**
 * @module The calls that ADD begins together with itself, on the guess that the plugins are those of the last time.
 */

import { randomUUID } from "node:crypto";
import type { InstalledPlugin } from "../helper/protocol.ts";
import type { NetworkConfiguration } from "../spec/configuration.ts";
import { isCniError } from "../spec/error.ts";
import type { Backend, CallBeginning } from "./backend.ts";
import { broughtResult, deriveCall } from "./chain.ts";
import { earlyIpamPlugin } from "./early-ipam.ts";
import { typesOf } from "./invocation.ts";
import type { Invocation } from "./invocation.ts";
import type { FindPlugin, Step } from "./plugins.ts";

/**
 * Lists the call of the first plugin, and that of its IPAM plugin where it may be early. Empty where not all plugins of the network are
 * known: a call that is begun ahead has run before it turns out that another one cannot be.
 */
export function firstCalls(backend: Backend, invocation: Invocation): readonly CallBeginning[] {
  const find: FindPlugin = (type) => backend.remembered(type);
  try {
    if (!typesOf(invocation.network).every((type) => speaks(find(type), invocation.network.cniVersion))) return [];
    return firstSteps(find, invocation.network).map((step) => deriveCall(invocation, step, find));
  } catch (error) {
    // What is wrong with a call is reported where it is made.
    if (isCniError(error)) return [];
    throw error;
  }
}

function speaks(plugin: InstalledPlugin | undefined, cniVersion: string): boolean {
  return plugin !== undefined && plugin.cniVersions.includes(cniVersion);
}

function firstSteps(find: FindPlugin, network: NetworkConfiguration): readonly Step[] {
  const { plugins } = network;
  const [configuration] = plugins;
  if (configuration === undefined) return [];
  const plugin = find(configuration.type);
  if (plugin === undefined) return [];
  const first: Step = {
    callId: randomUUID(),
    configuration,
    plugin,
    verb: "add",
    previousResult: broughtResult(network, configuration),
    parentCallId: undefined,
  };
  const ipam = earlyIpamPlugin(first, find);
  if (ipam === undefined) return [first];
  return [first, { ...first, plugin: ipam, callId: randomUUID(), parentCallId: first.callId }];
}
