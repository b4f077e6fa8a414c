/**
 * @module GC: what belongs to no valid attachment of a network goes: by the plugins that made it where they can be run, by the ledger in any case.
 */

import { randomUUID } from "node:crypto";
import { parseNetworkConfiguration } from "../spec/configuration.ts";
import { CniError } from "../spec/error.ts";
import type { ValidAttachment } from "../spec/valid-attachments.ts";
import { VERB_SINCE, isAtLeast } from "../spec/version.ts";
import type { Backend } from "./backend.ts";
import { callPlugin } from "./chain.ts";
import { openChain, refusalLines } from "./ending.ts";
import type { OpenChain } from "./ending.ts";
import { endOrAdd, firstOf, remainsOf } from "./failures.ts";
import { parseNetworkInvocation } from "./invocation.ts";
import type { Invocation, NetworkInput } from "./invocation.ts";
import { callLegacyPlugin, isLegacy } from "./legacy/chain.ts";
import { membersOf } from "./network-members.ts";
import type { NetworkMember } from "./network-members.ts";
import { findPlugin } from "./plugins.ts";
import { deleteStale } from "./stale.ts";

/**
 * Collects garbage: deletes the attachments on record that are not valid, each with the configuration that it was added with; removes what
 * the ledger has of them after that, whoever's plugin made it; then calls GC of the plugins that have one, from 1.1.0 on.
 * Runs alone, and asks what is valid then: what a verb has added by that time is on record. Goes on after a failure; the first one is thrown,
 * with the others in its details. With `disableGC` it does nothing.
 * Source: CNI SPEC 1.1.0, section 2, "GC"; libcni `GCNetworkList`.
 * @throws {CniError} tryAgainLater when verbs of containers do not end in time; whatever DEL throws; helperFailed when something could not be removed.
 */
export async function gc(
  withBackend: <T>(body: (backend: Backend) => Promise<T>) => Promise<T>,
  input: NetworkInput,
  validOf: () => Promise<readonly ValidAttachment[]>,
): Promise<void> {
  if (parseNetworkConfiguration(input.network).disableGc) return;
  await withBackend((backend) => collect(backend, parseNetworkInvocation("GC", input), validOf));
}

async function collect(
  backend: Backend,
  invocation: Invocation,
  validOf: () => Promise<readonly ValidAttachment[]>,
): Promise<void> {
  const chain = await openChain(backend, invocation);
  const failures: unknown[] = [];
  try {
    failures.push(...(await removeStale(chain, await validOf())));
  } catch (error) {
    failures.push(error);
  }
  const ended = await endOrAdd(chain, failures);
  if (failures.length > 0) throw firstOf(failures, [...refusalLines(chain), ...remainsOf(ended)]);
}

/** Removes what is not valid. Gives the failures. */
async function removeStale(chain: OpenChain, valid: readonly ValidAttachment[]): Promise<readonly unknown[]> {
  const { operationId, network } = chain.invocation;
  const failures: unknown[] = [];
  const attempt = async (part: () => Promise<readonly unknown[]>): Promise<void> => {
    try {
      failures.push(...(await part()));
    } catch (error) {
      failures.push(error);
    }
  };
  await attempt(() => deleteStale(chain, valid));
  await attempt(async () => {
    const swept = await chain.backend.sweepNetwork({ operationId, valid });
    return swept.failures.length === 0 ? [] : [notRemoved(network.name, swept.failures)];
  });
  if (isAtLeast(network.cniVersion, VERB_SINCE.GC)) await attempt(() => callPlugins(chain, valid));
  return failures;
}

function notRemoved(network: string, failures: readonly string[]): CniError {
  return new CniError(
    "helperFailed",
    `not everything that is stale in network ${JSON.stringify(network)} could be removed`,
    { details: remainsOf({ failures }).join("\n") },
  );
}

/** Calls GC of executables, and of components that export it, in order. One that is not there any more has nothing to say: the ledger had. */
async function callPlugins(chain: OpenChain, valid: readonly ValidAttachment[]): Promise<readonly unknown[]> {
  const failures: unknown[] = [];
  const find = (type: string) => findPlugin(chain, type);
  for (const configuration of chain.invocation.network.plugins) {
    for (const member of membersOf(configuration, find)) {
      try {
        await callMember(chain, member, valid);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  return failures;
}

async function callMember(
  chain: OpenChain,
  { type, plugin, configuration }: NetworkMember,
  valid: readonly ValidAttachment[],
): Promise<void> {
  const asked = { configuration, verb: "gc", previousResult: undefined, valid } as const;
  if (isLegacy(chain, type)) {
    await callLegacyPlugin(chain, asked, type);
    return;
  }
  if (plugin?.exports.includes("network") !== true) return;
  const step = {
    ...asked,
    callId: randomUUID(),
    plugin,
    parentCallId: undefined,
    isEndAwaited: true,
    export: "network",
  } as const;
  const conclusion = await callPlugin(chain, step);
  if (!conclusion.ok) throw conclusion.error;
}
