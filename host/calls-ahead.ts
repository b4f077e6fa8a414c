/**
 * @module Calls that are begun, and run, in the same breath as their operation, on sandboxes that are idle. They are a guess of which plugins
 * it is made with; a wrong one costs the sandboxes, and what they did is undone with the operation.
 */
import type { HelperClient } from "./helper/client.ts";
import type { InstalledPlugin } from "./helper/protocol.ts";
import type { CallBeginning } from "./operations/backend.ts";
import { startCall } from "./running-call.ts";
import type { RunningCall } from "./running-call.ts";
import type { OpenLease, Pool } from "./sandbox/pool.ts";
import { ERROR_CODES } from "./spec/error.ts";

/** What is needed of helper and pool. */
export interface CallsAheadParts {
  readonly client: Pick<HelperClient, "request">;
  readonly pool: Pick<Pool, "lendIdle">;
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
  /** Starts the calls. What is wrong with them is told where they are made. */
  readonly open: (reserved: readonly ReservedCall[]) => void;
  /**
   * Lists the calls of an operation that was begun. `undefined`: not all of them are made with the plugins that it has. They are dropped
   * then, and what they did may only be undone with the operation.
   */
  readonly keep: (
    operationId: string,
    pluginOf: (type: string) => InstalledPlugin | undefined,
  ) => readonly CallBeginning[] | undefined;
  /** Gives a call that was kept, once. */
  readonly take: (callId: string) => RunningCall | undefined;
  /** Ends what is left of an operation's calls, before the operation ends or after it did not begin. */
  readonly drop: (operationId: string) => void;
}

/** A call that was started, and that nobody has taken. */
interface Entry {
  readonly beginning: CallBeginning;
  readonly running: RunningCall;
}

/** Makes the holder of calls. Nothing is reserved yet. */
export function createCallsAhead({ client, pool }: CallsAheadParts): CallsAhead {
  const entries = new Map<string, Entry>();
  const ofOperation = (operationId: string): readonly Entry[] =>
    [...entries.values()].filter(({ beginning }) => beginning.operationId === operationId);
  const drop = (operationId: string): void => {
    for (const entry of ofOperation(operationId)) {
      entries.delete(entry.beginning.callId);
      endUnused(client, entry);
    }
  };
  return {
    reserve: (calls) => reserve(pool, calls),
    open: (reserved) => {
      for (const { beginning, lease } of reserved)
        entries.set(beginning.callId, { beginning, running: startCall(client, beginning, lease) });
    },
    keep: (operationId, pluginOf) => {
      const begun = ofOperation(operationId).map(({ beginning }) => beginning);
      if (begun.every((beginning) => isMadeWith(beginning, pluginOf))) return begun;
      drop(operationId);
      return undefined;
    },
    take: (callId) => {
      const entry = entries.get(callId);
      entries.delete(callId);
      return entry?.running;
    },
    drop,
  };
}

function reserve(pool: CallsAheadParts["pool"], calls: readonly CallBeginning[]): readonly ReservedCall[] {
  const reserved: ReservedCall[] = [];
  for (const beginning of calls) {
    const { parentCallId } = beginning;
    const hasCaller = parentCallId === undefined || reserved.some((caller) => caller.beginning.callId === parentCallId);
    const lease = hasCaller ? pool.lendIdle(beginning.plugin) : undefined;
    if (lease !== undefined) reserved.push({ beginning, lease });
  }
  return reserved;
}

/** Tells whether a call was begun with the plugins that its operation is made with, limits and all. */
function isMadeWith(
  { plugin, earlyIpam }: CallBeginning,
  pluginOf: (type: string) => InstalledPlugin | undefined,
): boolean {
  return [plugin, earlyIpam].every(
    (each) => each === undefined || JSON.stringify(pluginOf(each.type)) === JSON.stringify(each),
  );
}

/** Kills the sandbox of a call that is not made, and ends the call if it was begun. */
function endUnused(client: CallsAheadParts["client"], { beginning, running: { lease, begun } }: Entry): void {
  lease.kill(UNUSED);
  const ended = {
    callId: beginning.callId,
    outcome: "killed",
    addresses: [],
    error: { code: ERROR_CODES.tryAgainLater, message: UNUSED },
    log: [],
    phasesMicroseconds: {},
    isUnhurried: true,
  } as const;
  const giveBack = (): void => lease[Symbol.dispose]();
  begun.then(() => client.request("end-call", ended)).then(giveBack, giveBack);
}

const UNUSED = "begun ahead, and not made";
