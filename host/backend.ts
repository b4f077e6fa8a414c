/**
 * @module The operations' backend: a helper and its sandboxes.
 */
import { randomUUID } from "node:crypto";
import { createCallsAhead } from "./calls-ahead.ts";
import type { CallsAhead } from "./calls-ahead.ts";
import type { HelperClient } from "./helper/client.ts";
import type { BeginOperation, BegunOperation, InstalledPlugin } from "./helper/protocol.ts";
import type { Backend, CallBeginning, PluginCall, PluginCallEnded } from "./operations/backend.ts";
import { startCall } from "./running-call.ts";
import type { RunningCall } from "./running-call.ts";
import type { CallReport, Pool } from "./sandbox/pool.ts";
import { CniError } from "./spec/error.ts";
import { withinPoints } from "./spec/fault-points.ts";

/** What a backend is made of. */
export interface BackendParts {
  readonly client: Pick<HelperClient, "request">;
  readonly pool: Pick<Pool, "lend" | "lendIdle" | "warm">;
  /** Plugins that the last ADD of each type was made with. Changes; outlives the backend. */
  readonly remembered: Map<string, InstalledPlugin>;
}

/** Makes the backend of one helper. */
export function createBackend(parts: BackendParts): Backend {
  const { client, remembered } = parts;
  const ahead = createCallsAhead(parts);
  return {
    remembered: (type) => remembered.get(type),
    begin: (operation, calls) => begin(parts, ahead, { operation, calls }),
    call: async (call) => {
      if (isAborted(call.signal)) throw new CniError("tryAgainLater", ENDED_EARLY);
      return withinPoints("host.call", call.plugin.type, async () =>
        runCall(client, ahead.take(call.callId) ?? (await openCall(parts, call)), call),
      );
    },
    recordLegacyCall: async (call) => void (await client.request("record-legacy-call", call)),
    repairAttachment: async (operationId) => (await client.request("repair-attachment", { operationId })).differences,
    listStale: async (asked) => (await client.request("list-stale", asked)).stale,
    readAttachment: async (key, scope) =>
      (await client.request("read-attachment", { ...key, scope })).attachment ?? undefined,
    sweepNetwork: (asked) => client.request("sweep-network", asked),
    readStatus: (asked) => client.request("read-status", asked),
    end: (ended) => {
      ahead.drop(ended.operationId);
      return client.request("end-operation", ended);
    },
  };
}

interface Beginning {
  readonly operation: BeginOperation;
  readonly calls: readonly CallBeginning[];
}

/** Begins an operation; the requests for the calls follow it without waiting for its answer, which is also theirs. */
async function begin(
  parts: BackendParts,
  ahead: CallsAhead,
  { operation, calls }: Beginning,
): ReturnType<Backend["begin"]> {
  const { client, pool, remembered } = parts;
  const { operationId, types, verb } = operation;
  const reserved = ahead.reserve(calls);
  const answer = client.request("begin-operation", operation);
  ahead.open(reserved);
  let begun: BegunOperation;
  try {
    begun = await answer;
  } catch (error) {
    ahead.drop(operationId);
    throw error;
  }
  const pluginOf = (type: string) =>
    Object.hasOwn(begun.plugins, type) ? (begun.plugins[type] ?? undefined) : undefined;
  // The first plugin starts its own sandbox; those that come later, IPAM above all, start meanwhile. What is about no container calls few.
  for (const plugin of operation.containerId === "" ? [] : types.slice(1).map(pluginOf)) {
    // What is wrong with a plugin is reported where it is called.
    if (plugin !== undefined) pool.warm(plugin).catch(() => undefined);
  }
  // What DEL and CHECK use may be older than what is installed.
  if (verb === "ADD") for (const type of types) remember(remembered, type, pluginOf(type));
  const kept = ahead.keep(operationId, pluginOf);
  if (kept !== undefined) return { ...begun, operationId, ahead: kept };
  // The guests of a wrong guess have run: what they did is undone with the operation, and another one is begun without a guess.
  await client.request("end-operation", { operationId, outcome: "error", result: undefined, phasesMicroseconds: {} });
  return begin(parts, ahead, { operation: { ...operation, operationId: randomUUID() }, calls: [] });
}

function remember(remembered: BackendParts["remembered"], type: string, plugin: InstalledPlugin | undefined): void {
  if (plugin === undefined) remembered.delete(type);
  else remembered.set(type, plugin);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}

const ENDED_EARLY = "whoever called ended the call early";

/** Starts a call on the next sandbox that is free. */
async function openCall({ client, pool }: BackendParts, call: PluginCall): Promise<RunningCall> {
  const lease = await pool.lend(call.plugin, { nested: call.parentCallId !== undefined });
  if (!isAborted(call.signal)) return startCall(client, call, lease);
  lease[Symbol.dispose]();
  throw new CniError("tryAgainLater", ENDED_EARLY);
}

/** Sees a call that was started to its end, and has it ended. */
async function runCall(
  client: BackendParts["client"],
  running: RunningCall,
  call: PluginCall,
): Promise<PluginCallEnded> {
  const { lease } = running;
  const { result, ending, log, callMicroseconds } = await reportOf(running, call);
  await call.beforeEnd(result);
  const phasesMicroseconds = {
    sandbox: lease.waitMicroseconds,
    instantiate: result.instantiateMicroseconds,
    guest: result.guestMicroseconds,
    call: callMicroseconds,
  };
  const ended = {
    callId: call.callId,
    ...call.conclude(result.outcome),
    log,
    phasesMicroseconds,
    isUnhurried: !call.isEndAwaited,
  };
  const closed = client.request("end-call", ended);
  // The helper takes the sandbox for busy until it knows.
  const giveBack = (): void => lease[Symbol.dispose]();
  closed.then(giveBack, giveBack);
  return { outcome: result.outcome, isSandboxLost: ending === "lost", closed, log, phasesMicroseconds };
}

/** Answers a call's questions until its guest has ended. */
async function reportOf({ lease, begun, report, attach }: RunningCall, call: PluginCall): Promise<CallReport> {
  const { signal } = call;
  const endEarly = (): void => lease.kill(ENDED_EARLY);
  signal?.addEventListener("abort", endEarly);
  attach(call.onIpam);
  call.onRun((answer) => lease.giveIpam(answer));
  try {
    await begun;
    return await report;
  } catch (error) {
    // The helper has no such call: the guest can do nothing, and waits for an answer that does not come.
    lease.kill("the call could not be begun");
    lease[Symbol.dispose]();
    throw error;
  } finally {
    signal?.removeEventListener("abort", endEarly);
  }
}
