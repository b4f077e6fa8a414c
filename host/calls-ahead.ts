/**
 * @module Calls that are begun in the same breath as their operation, on sandboxes that are idle. They are a guess of which plugins
 * it is made with; a wrong one costs nothing but itself.
 */
import type { HelperClient } from "./helper/client.ts";
import type { BeginCall, InstalledPlugin } from "./helper/protocol.ts";
import type { CallBeginning } from "./operations/backend.ts";
import type { OpenLease, Pool } from "./sandbox/pool.ts";
import { ERROR_CODES } from "./spec/error.ts";

/** What is needed of helper and pool. */
export interface CallsAheadParts {
  readonly client: Pick<HelperClient, "request">;
  readonly pool: Pick<Pool, "lendIdle">;
}

/** A call that the helper has begun, and its sandbox. Whoever has it disposes of the lease. */
export interface OpenedCall {
  readonly lease: OpenLease;
  readonly containerHandle: number;
}

/** A call, and the sandbox that it is to have. */
export interface ReservedCall {
  readonly beginning: CallBeginning;
  readonly lease: OpenLease;
}

/** Calls of operations that begin. */
export interface CallsAhead {
  /** Reserves a sandbox for each call, if one is idle; none for a call whose caller got none. */
  readonly reserve: (calls: readonly CallBeginning[]) => readonly ReservedCall[];
  /** Sends what begins the calls. What is wrong with them is told by {@link CallsAhead.keep}. */
  readonly open: (reserved: readonly ReservedCall[]) => void;
  /** Lists the calls of an operation that was begun which are as they have to be; drops the others. */
  readonly keep: (
    operationId: string,
    pluginOf: (type: string) => InstalledPlugin | undefined,
  ) => Promise<readonly CallBeginning[]>;
  /** Gives a call that was kept, once. */
  readonly take: (callId: string) => OpenedCall | undefined;
  /** Ends what is left of an operation's calls, before the operation ends or after it did not begin. */
  readonly drop: (operationId: string) => void;
}

/** A call that is begun. */
interface Entry extends ReservedCall {
  /** Settles with the container's handle; `undefined`: the helper refused the call. */
  readonly answer: Promise<number | undefined>;
  /** What `answer` settled with. */
  containerHandle: number | undefined;
}

/** Makes the holder of calls. Nothing is reserved yet. */
export function createCallsAhead({ client, pool }: CallsAheadParts): CallsAhead {
  const entries = new Map<string, Entry>();
  const ofOperation = (operationId: string): readonly Entry[] =>
    [...entries.values()].filter(({ beginning }) => beginning.operationId === operationId);
  const dropEntry = (entry: Entry): void => {
    entries.delete(entry.beginning.callId);
    endUnused(client, entry);
  };
  return {
    reserve: (calls) => reserve(pool, calls),
    open: (reserved) => {
      for (const { beginning, lease } of reserved) {
        const answer = client.request("begin-call", beginCallOf(beginning, lease.sandboxId)).then(
          ({ containerHandle }) => containerHandle,
          () => undefined,
        );
        entries.set(beginning.callId, { beginning, lease, answer, containerHandle: undefined });
      }
    },
    keep: async (operationId, pluginOf) => {
      const kept: CallBeginning[] = [];
      for (const entry of ofOperation(operationId)) {
        entry.containerHandle = await entry.answer;
        if (isAsItHasToBe(entry, pluginOf, kept)) kept.push(entry.beginning);
        else dropEntry(entry);
      }
      return kept;
    },
    take: (callId) => {
      const entry = entries.get(callId);
      if (entry?.containerHandle === undefined) return undefined;
      entries.delete(callId);
      return { lease: entry.lease, containerHandle: entry.containerHandle };
    },
    drop: (operationId) => ofOperation(operationId).forEach(dropEntry),
  };
}

/** Gives what the helper is told at the beginning of a call. */
export function beginCallOf(call: CallBeginning, sandboxId: string): BeginCall {
  const { operationId, callId, plugin, request, runtimeConfig, previousResult, parentCallId } = call;
  return {
    operationId,
    callId,
    sandboxId,
    type: plugin.type,
    digest: plugin.digest,
    export: call.export,
    configuration: request.configuration,
    runtimeConfig,
    previousResult,
    parentCallId,
  };
}

function reserve(pool: CallsAheadParts["pool"], calls: readonly CallBeginning[]): readonly ReservedCall[] {
  const reserved: ReservedCall[] = [];
  for (const beginning of calls) {
    const lease = hasCaller(
      beginning,
      reserved.map((each) => each.beginning),
    )
      ? pool.lendIdle(beginning.plugin)
      : undefined;
    if (lease !== undefined) reserved.push({ beginning, lease });
  }
  return reserved;
}

/** Tells whether a call was begun, with the plugin that the operation is made with, limits and all, for a caller that was kept. */
function isAsItHasToBe(
  { beginning, containerHandle }: Entry,
  pluginOf: (type: string) => InstalledPlugin | undefined,
  kept: readonly CallBeginning[],
): boolean {
  const { plugin } = beginning;
  const isSame = JSON.stringify(pluginOf(plugin.type)) === JSON.stringify(plugin);
  return isSame && containerHandle !== undefined && hasCaller(beginning, kept);
}

/** Tells whether the call that asks for this one is among some; of the chain's own calls nobody asks. */
function hasCaller({ parentCallId }: CallBeginning, calls: readonly CallBeginning[]): boolean {
  return parentCallId === undefined || calls.some(({ callId }) => callId === parentCallId);
}

/** Ends a call that is not made, if it was begun, and gives its sandbox back. */
function endUnused(client: CallsAheadParts["client"], { beginning, lease, answer, containerHandle }: Entry): void {
  const over: Promise<unknown> =
    containerHandle === undefined
      ? answer
      : client.request("end-call", {
          callId: beginning.callId,
          outcome: "error",
          addresses: [],
          error: { code: ERROR_CODES.tryAgainLater, message: "begun ahead, and not made" },
          log: [],
          phasesMicroseconds: {},
        });
  const giveBack = (): void => lease[Symbol.dispose]();
  over.then(giveBack, giveBack);
}
