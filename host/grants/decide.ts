/**
 * @module The one judgement of what a plugin may do. Pure: the host asks it to answer early, the helper as the authority.
 */

import { capabilityOf, isCapabilityName } from "./capabilities/index.ts";
import { denied } from "./capability.ts";
import type { Capability, Decision } from "./capability.ts";
import type { CallFacts } from "./facts.ts";
import type { Capabilities, Grant } from "./grant.ts";

/**
 * Judges one operation of an open call. `operation` is `interface.function`, such as `container-links.create-veth`; `args` are the
 * arguments as they come on the private channel, a handle included.
 * Does not trust: operation and arguments may be anything; what is not understood is refused.
 */
export function decide(
  grant: Pick<Grant, "capabilities">,
  facts: CallFacts,
  operation: string,
  args: readonly unknown[],
): Decision {
  const dot = operation.indexOf(".");
  const name = operation.slice(0, Math.max(dot, 0));
  if (!isCapabilityName(name)) return denied(`${JSON.stringify(operation)}: no such capability`);
  const capability = capabilityOf(name);
  const scope = scopeIn(grant.capabilities, capability);
  if (scope === undefined) return denied(`${operation}: a grant of ${JSON.stringify(name)} would allow it`);
  const decision = capability.decide(scope, {
    facts,
    operation: operation.slice(dot + 1),
    args,
    scopeOf: (other) => scopeIn(grant.capabilities, other),
  });
  return decision.allowed ? decision : denied(`${operation}: ${decision.reason}`);
}

function scopeIn<S>(capabilities: Capabilities, { name }: Capability<S>): S | undefined {
  if (!Object.hasOwn(capabilities, name)) return undefined;
  return capabilities[name as keyof Capabilities] as S | undefined;
}
