/**
 * @module The DELs of a GC: of attachments that nobody uses any more, each as it was added.
 */

import type { Scope, StaleAttachment } from "../helper/protocol.ts";
import { CniError, isCniError } from "../spec/error.ts";
import { parseJsonObject } from "../spec/json.ts";
import type { ValidAttachment } from "../spec/valid-attachments.ts";
import { del } from "./del.ts";
import type { OpenChain } from "./ending.ts";
import type { InvocationInput } from "./invocation.ts";

/** Containers whose attachments are deleted at the same time. Links that go together share one grace period of the kernel. */
const CONTAINERS_AT_ONCE = 8;

/** An attachment that is to be deleted, and how to find out what it was given. */
interface Stale {
  readonly containerId: string;
  readonly ifname: string;
  readonly scope: Scope;
  /** `undefined`: a DEL of the whole attachment took it along. */
  readonly read: () => Promise<Given | undefined>;
}

/** What ADD was given. */
type Given = Pick<InvocationInput, "netns" | "args" | "runtimeConfig"> & { readonly configuration: string };

/** Deletes what is stale: what is on record first, then what only libcni's files tell of. Gives the failures. */
export async function deleteStale(chain: OpenChain, valid: readonly ValidAttachment[]): Promise<readonly unknown[]> {
  const { operationId } = chain.invocation;
  const onRecord = await chain.backend.listStale({ operationId, valid });
  const failures = await deleteAll(
    chain,
    onRecord.map((each) => ({ ...each, read: () => readRecord(chain, each) })),
  );
  const known = new Set([...valid, ...onRecord].map(nameOf));
  return [...failures, ...(await deleteAll(chain, staleInFiles(chain, known)))];
}

/** Lists the attachments of the network that are in libcni's cache and not known; the ledger has nothing of them. */
function staleInFiles({ invocation }: OpenChain, known: ReadonlySet<string>): readonly Stale[] {
  const { cache, network } = invocation;
  const inFiles = cache?.list().filter((each) => each.network === network.name && !known.has(nameOf(each))) ?? [];
  return inFiles.map((each) => ({
    ...each,
    scope: "",
    read: () => Promise.resolve({ ...each, netns: each.netns ?? "" }),
  }));
}

/** Deletes attachments container by container, some of them at a time. Gives the failures. */
async function deleteAll(chain: OpenChain, stale: readonly Stale[]): Promise<readonly unknown[]> {
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

async function readRecord(
  { backend, invocation }: OpenChain,
  { containerId, ifname, scope }: StaleAttachment,
): Promise<Given | undefined> {
  const record = await backend.readAttachment({ network: invocation.network.name, containerId, ifname }, scope);
  if (record === undefined) return undefined;
  const { netns, args, configuration, runtimeConfig } = record;
  const text = runtimeConfig === "" ? "{}" : runtimeConfig;
  return { netns, args, configuration, runtimeConfig: parseJsonObject(text, "the recorded arguments") };
}

/** Deletes one attachment as it was added, as a part of the GC. */
async function deleteOne(
  { backend, invocation }: OpenChain,
  { containerId, ifname, scope, read }: Stale,
): Promise<void> {
  const { operationId, signal, legacyDeadlineMs, cache } = invocation;
  if (signal?.aborted === true) throw new CniError("tryAgainLater", "whoever called ended the call early");
  const given = await read();
  if (given === undefined) return;
  const { origin, nowMicroseconds, pluginDirs, trace, onWarning } = invocation;
  const { netns, args = [], runtimeConfig = {}, configuration } = given;
  await del(backend, {
    network: configuration,
    containerId,
    ifname,
    netns,
    args,
    runtimeConfig,
    within: operationId,
    origin,
    nowMicroseconds,
    pluginDirs,
    trace,
    onWarning,
    ...(scope === "" ? {} : { type: scope }),
    ...(signal === undefined ? {} : { signal }),
    ...(legacyDeadlineMs === undefined ? {} : { legacyDeadlineMs }),
    ...(cache === undefined ? {} : { cache }),
  });
}

function nameOf({ containerId, ifname }: Pick<Stale, "containerId" | "ifname">): string {
  return `${containerId} ${ifname}`;
}

/** Says whose failure it is: there may be many. */
function naming({ containerId, ifname }: Stale, error: unknown): unknown {
  if (!isCniError(error)) return error;
  const { kind, code, message, details } = error;
  return new CniError(kind, `stale attachment ${containerId} ${ifname}: ${message}`, {
    code,
    cause: error,
    ...(details === undefined ? {} : { details }),
  });
}
