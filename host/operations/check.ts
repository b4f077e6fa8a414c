/**
 * @module CHECK: the plugins in order, each with the final result of ADD.
 */

import type { Difference } from "../helper/protocol.ts";
import { CniError } from "../spec/error.ts";
import { VERB_SINCE, isAtLeast } from "../spec/version.ts";
import type { Backend } from "./backend.ts";
import { cachedResult } from "./cached-result.ts";
import { broughtResult } from "./chain.ts";
import { checkPlugins } from "./check-plugins.ts";
import { endChain, endWithError, openChain, phasesOf, reportOf } from "./ending.ts";
import { differenceLine, drifted } from "./drift.ts";
import type { VerbReport } from "./ending.ts";
import { parseInvocation } from "./invocation.ts";
import type { InvocationInput } from "./invocation.ts";
import type { Chain } from "./plugins.ts";
import { runPlugin } from "./run-plugin.ts";

/**
 * Checks that an attachment is as ADD left it: by its plugins, and by comparing whatever the ledger has of it with the kernel. With
 * `isRepairing`, what differs is put back first. `undefined`: the configuration has `disableCheck`, nothing was looked at.
 * @throws {CniError} incompatibleCniVersion below 0.4.0; drifted when something differs that no plugin minds; otherwise as ADD does.
 */
export async function check(
  backend: Backend,
  input: InvocationInput,
  { isRepairing = false }: { readonly isRepairing?: boolean } = {},
): Promise<CheckedVerb | undefined> {
  const invocation = parseInvocation("CHECK", input);
  const { cniVersion, disableCheck } = invocation.network;
  if (!isAtLeast(cniVersion, VERB_SINCE.CHECK)) {
    throw new CniError(
      "incompatibleCniVersion",
      `configuration version ${JSON.stringify(cniVersion)} does not support the CHECK command`,
      {
        details: `want ${VERB_SINCE.CHECK} or newer`,
      },
    );
  }
  if (disableCheck) return undefined;
  const chain = await openChain(backend, invocation);
  let repaired: readonly Difference[] = [];
  try {
    if (isRepairing) repaired = await backend.repairAttachment(chain.invocation.operationId);
    await runForward(chain);
  } catch (error) {
    throw await endWithError(chain, error, repaired.map(differenceLine));
  }
  const phases = phasesOf(chain);
  const ended = await endChain(chain, "ok");
  if (ended.differences !== undefined && ended.differences.length > 0) throw drifted(ended.differences, repaired);
  return { ...reportOf(chain, phases, ended), repaired };
}

/** How a CHECK went. */
export interface CheckedVerb extends VerbReport {
  /** What was not as ADD left it and was to be put back. */
  readonly repaired: readonly Difference[];
}

async function runForward(chain: Chain): Promise<void> {
  const { network, containerId } = chain.invocation;
  checkPlugins(chain);
  const cached = cachedResult(chain);
  for (const configuration of network.plugins) {
    const previousResult = broughtResult(network, configuration) ?? cached;
    if (previousResult === undefined) {
      throw new CniError(
        "invalidNetworkConfig",
        `CHECK needs the result of ADD, and none is known for container ${JSON.stringify(containerId)}`,
      );
    }
    await runPlugin(chain, configuration, { verb: "check", previousResult });
  }
}
