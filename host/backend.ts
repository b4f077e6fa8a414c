/**
 * @module The operations' backend: a helper and its sandboxes.
 */
import type { HelperClient } from "./helper/client.ts";
import { CniError } from "./spec/error.ts";
import type { Backend, PluginCall, PluginCallEnded } from "./operations/backend.ts";
import type { Pool, SandboxLease } from "./sandbox/pool.ts";

/** What a backend is made of. */
export interface BackendParts {
  readonly client: Pick<HelperClient, "request">;
  readonly pool: Pick<Pool, "run" | "warm">;
}

/** Makes the backend of one helper. */
export function createBackend({ client, pool }: BackendParts): Backend {
  return {
    begin: async (operation) => {
      const begun = await client.request("begin-operation", operation);
      // The first plugin starts its own sandbox; those that come later, IPAM above all, start meanwhile.
      for (const type of operation.types.slice(1)) {
        const plugin = Object.hasOwn(begun.plugins, type) ? begun.plugins[type] : undefined;
        // What is wrong with a plugin is reported where it is called.
        if (plugin !== undefined && plugin !== null) pool.warm(plugin).catch(() => undefined);
      }
      return begun;
    },
    call: (call) => pool.run(call.plugin, (sandbox) => callOn({ client, sandbox, call }), { nested: call.parentCallId !== undefined }),
    end: (ended) => client.request("end-operation", ended),
  };
}

interface CallParts {
  readonly client: BackendParts["client"];
  readonly sandbox: SandboxLease;
  readonly call: PluginCall;
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}

const ENDED_EARLY = "whoever called ended the call early";

/** Begins a call, makes it, ends it. */
async function callOn({ client, sandbox, call }: CallParts): Promise<PluginCallEnded> {
  const { operationId, plugin, runtimeConfig, previousResult, parentCallId, verb, request, signal } = call;
  if (isAborted(signal)) throw new CniError("tryAgainLater", ENDED_EARLY);
  const begun = await client.request("begin-call", {
    operationId,
    sandboxId: sandbox.sandboxId,
    type: plugin.type,
    digest: plugin.digest,
    export: call.export,
    configuration: request.configuration,
    runtimeConfig,
    previousResult,
    parentCallId,
  });
  const { callId, containerHandle } = begun;
  const frame = { type: "call", callId, export: call.export, verb, request, containerHandle } as const;
  const endEarly = (): void => sandbox.kill(ENDED_EARLY);
  signal?.addEventListener("abort", endEarly);
  // While the call was begun, nobody listened.
  if (isAborted(signal)) endEarly();
  const { result, log, callMicroseconds } = await sandbox.call(frame, (ipamVerb) => call.onIpam(ipamVerb, callId));
  signal?.removeEventListener("abort", endEarly);
  const phasesMicroseconds = {
    sandbox: sandbox.waitMicroseconds,
    instantiate: result.instantiateMicroseconds,
    guest: result.guestMicroseconds,
    call: callMicroseconds,
  };
  const ended = await client.request("end-call", { callId, ...call.conclude(result.outcome), log, phasesMicroseconds });
  return { outcome: result.outcome, ...ended, log, phasesMicroseconds };
}
