/**
 * @module The calls that ADD begins together with itself, on the guess that the plugins are those of the last time.
 */

import { randomUUID } from "node:crypto";
import type { NetworkConfiguration } from "../spec/configuration.ts";
import { isCniError } from "../spec/error.ts";
import { broughtPreviousResult } from "../spec/request.ts";
import type { Backend, CallBeginning } from "./backend.ts";
import { deriveCall } from "./chain.ts";
import { earlyIpamPlugin } from "./early-ipam.ts";
import type { Invocation } from "./invocation.ts";
import type { Step } from "./plugins.ts";

/** Lists the call of the first plugin, and that of its IPAM plugin where it may be early. Empty where nothing is known of them. */
export function firstCalls(backend: Backend, invocation: Invocation): readonly CallBeginning[] {
  try {
    return firstSteps(backend, invocation.network).map((step) => deriveCall(invocation, step));
  } catch (error) {
    // What is wrong with a call is reported where it is made.
    if (isCniError(error)) return [];
    throw error;
  }
}

function firstSteps(backend: Backend, { plugins }: NetworkConfiguration): readonly Step[] {
  const [configuration] = plugins;
  if (configuration === undefined || broughtPreviousResult(configuration) !== undefined) return [];
  const plugin = backend.remembered(configuration.type);
  if (plugin === undefined) return [];
  const first: Step = {
    callId: randomUUID(),
    configuration,
    plugin,
    verb: "add",
    previousResult: undefined,
    parentCallId: undefined,
    isLast: plugins.length === 1,
  };
  const ipam = earlyIpamPlugin(first, (type) => backend.remembered(type));
  if (ipam === undefined) return [first];
  return [first, { ...first, plugin: ipam, callId: randomUUID(), parentCallId: first.callId, isLast: false }];
}
