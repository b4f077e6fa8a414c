/**
 * @module ADD: the plugins in order, each with the result of the one before; all or nothing.
 */

import type { JsonObject } from "../spec/json.ts";
import { formatResult } from "../spec/result-json.ts";
import { EMPTY_RESULT } from "../spec/result.ts";
import type { AttachmentResult } from "../spec/result.ts";
import type { Backend } from "./backend.ts";
import { firstCalls } from "./ahead.ts";
import { dropResult, keepResult } from "./cached-result.ts";
import { broughtResult } from "./chain.ts";
import { checkPlugins } from "./check-plugins.ts";
import { endChain, endWithError, openChain, phasesOf, reportOf } from "./ending.ts";
import type { VerbReport } from "./ending.ts";
import { parseInvocation } from "./invocation.ts";
import type { InvocationInput } from "./invocation.ts";
import { undoLegacy } from "./legacy/undo.ts";
import type { Chain } from "./plugins.ts";
import { runPlugin } from "./run-plugin.ts";

/** What ADD gives. */
export interface Added {
  /** The result in the configuration's version. */
  readonly result: JsonObject;
  readonly report: VerbReport;
}

/**
 * Adds a container to a network. What a failed call made is undone: by the helper, and by DEL of the legacy executables that were called. The
 * plugin's own error is what is thrown.
 * Source: CNI SPEC 1.1.0, section 3, "Attaching a container".
 * @throws {CniError} pluginFailed with a plugin's own code; unknownPlugin, guestFailed, limitExceeded, and as `parseInvocation` and `begin` do.
 */
export async function add(backend: Backend, input: InvocationInput): Promise<Added> {
  const invocation = parseInvocation("ADD", input);
  const chain = await openChain(backend, invocation, firstCalls(backend, invocation));
  let result: JsonObject;
  try {
    result = formatResult(await runForward(chain), invocation.network.cniVersion);
    keepResult(chain, result);
  } catch (error) {
    // While the operation lives: its executables may call others of ours.
    throw await endWithError(chain, error, await undoLegacy(chain));
  }
  const phases = phasesOf(chain);
  const ended = await endChain(chain, "ok", JSON.stringify(result)).catch((error: unknown) => {
    dropResult(chain);
    throw error;
  });
  return { result, report: reportOf(chain, phases, ended) };
}

async function runForward(chain: Chain): Promise<AttachmentResult> {
  const { network } = chain.invocation;
  checkPlugins(chain);
  let previousResult: AttachmentResult | undefined;
  for (const configuration of network.plugins) {
    previousResult ??= broughtResult(network, configuration);
    previousResult = await runPlugin(chain, configuration, { verb: "add", previousResult });
  }
  return previousResult ?? EMPTY_RESULT;
}
