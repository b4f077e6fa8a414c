/**
 * @module GC: what belongs to no valid attachment of a network goes: by the plugins that made it where they can be run, by the ledger in any case.
 */

import { randomUUID } from "node:crypto";
import type { StaleAttachment } from "../helper/protocol.ts";
import { parseNetworkConfiguration } from "../spec/configuration.ts";
import { CniError, isCniError } from "../spec/error.ts";
import { parseJsonObject } from "../spec/json.ts";
import type { ValidAttachment } from "../spec/valid-attachments.ts";
import { VERB_SINCE, isAtLeast } from "../spec/version.ts";
import type { Backend } from "./backend.ts";
import { callPlugin } from "./chain.ts";
import { del } from "./del.ts";
import { openChain, refusalLines } from "./ending.ts";
import type { OpenChain } from "./ending.ts";
import { endOrAdd, firstOf, remainsOf } from "./failures.ts";
import { parseNetworkInvocation } from "./invocation.ts";
import type { Invocation, NetworkInput } from "./invocation.ts";
import { callLegacyPlugin, isLegacy } from "./legacy/chain.ts";
import { membersOf } from "./network-members.ts";
import type { NetworkMember } from "./network-members.ts";
import { findPlugin } from "./plugins.ts";

/** Containers whose attachments are deleted at the same time. Links that go together share one grace period of the kernel. */
const CONTAINERS_AT_ONCE = 8;

/** Attachments that GC leaves alone. */
export type Valid = readonly ValidAttachment[];

/**
 * Collects garbage: deletes the attachments on record that are not valid, each with the configuration that it was added with; removes what
 * the ledger has of them after that, whoever's plugin made it; then calls GC of the plugins that have one, from 1.1.0 on.
 * Runs alone. Goes on after a failure; the first one is thrown, with the others in its details. With `disableGC` it does nothing.
 * Source: CNI SPEC 1.1.0, section 2, "GC"; libcni `GCNetworkList`.
 * @throws {CniError} tryAgainLater when verbs of containers do not end in time; whatever DEL throws; helperFailed when something could not be removed.
 */
export async function gc(
  withBackend: <T>(body: (backend: Backend) => Promise<T>) => Promise<T>,
  input: NetworkInput,
  valid: Valid,
): Promise<void> {
  if (parseNetworkConfiguration(input.network).disableGc) return;
  await withBackend((backend) => collect(backend, parseNetworkInvocation("GC", input), valid));
}

async function collect(backend: Backend, invocation: Invocation, valid: Valid): Promise<void> {
  const chain = await openChain(backend, invocation);
  const { operationId, network } = invocation;
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
    const swept = await backend.sweepNetwork({ operationId, valid });
    return swept.failures.length === 0 ? [] : [notRemoved(network.name, swept.failures)];
  });
  if (isAtLeast(network.cniVersion, VERB_SINCE.GC)) await attempt(() => callPlugins(chain, valid));
  const ended = await endOrAdd(chain, failures);
  if (failures.length > 0) throw firstOf(failures, [...refusalLines(chain), ...remainsOf(ended)]);
}

function notRemoved(network: string, failures: readonly string[]): CniError {
  return new CniError(
    "helperFailed",
    `not everything that is stale in network ${JSON.stringify(network)} could be removed`,
    { details: remainsOf({ failures }).join("\n") },
  );
}

/** Deletes what is stale, container by container, some of them at a time. Gives the failures. */
async function deleteStale(chain: OpenChain, valid: Valid): Promise<readonly unknown[]> {
  const { operationId } = chain.invocation;
  const stale = await chain.backend.listStale({ operationId, valid });
  const waiting = [...Map.groupBy(stale, ({ containerId }) => containerId).values()];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    for (let own = waiting.shift(); own !== undefined; own = waiting.shift()) {
      for (const attachment of own) {
        try {
          await deleteOne(chain, attachment);
        } catch (error) {
          failures.push(naming(attachment, error));
        }
      }
    }
  };
  await Promise.all(Array.from({ length: CONTAINERS_AT_ONCE }, work));
  return failures;
}

/** Deletes one attachment as it was added, as a part of the GC. */
async function deleteOne(
  { backend, invocation }: OpenChain,
  { containerId, ifname, scope }: StaleAttachment,
): Promise<void> {
  const { operationId, network, origin, nowMicroseconds, pluginDirs, trace, signal, legacyDeadlineMs } = invocation;
  const { cache, onWarning } = invocation;
  if (signal?.aborted === true) throw new CniError("tryAgainLater", "whoever called ended the call early");
  const record = await backend.readAttachment({ network: network.name, containerId, ifname }, scope);
  // A DEL of the whole attachment took it along.
  if (record === undefined) return;
  await del(backend, {
    network: record.configuration,
    containerId,
    ifname,
    netns: record.netns,
    args: record.args,
    runtimeConfig: parseJsonObject(record.runtimeConfig === "" ? "{}" : record.runtimeConfig, "the recorded arguments"),
    within: operationId,
    origin,
    nowMicroseconds,
    pluginDirs,
    trace,
    onWarning,
    ...(cache === undefined ? {} : { cache }),
    ...(scope === "" ? {} : { type: scope }),
    ...(signal === undefined ? {} : { signal }),
    ...(legacyDeadlineMs === undefined ? {} : { legacyDeadlineMs }),
  });
}

/** Says whose failure it is: there may be many. */
function naming({ containerId, ifname }: StaleAttachment, error: unknown): unknown {
  if (!isCniError(error)) return error;
  const { kind, code, message, details } = error;
  return new CniError(kind, `stale attachment ${containerId} ${ifname}: ${message}`, {
    code,
    cause: error,
    ...(details === undefined ? {} : { details }),
  });
}

/** Calls GC of executables, and of components that export it, in order. One that is not there any more has nothing to say: the ledger had. */
async function callPlugins(chain: OpenChain, valid: Valid): Promise<readonly unknown[]> {
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
  valid: Valid,
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
    isLast: false,
    export: "network",
  } as const;
  const conclusion = await callPlugin(chain, step);
  if (!conclusion.ok) throw conclusion.error;
}
