/**
 * @module A call that runs: its guest is started in the same breath in which the helper is asked to begin it, and waits for the helper
 * when it first needs it.
 */
import { randomInt } from "node:crypto";
import type { HelperClient } from "./helper/client.ts";
import type { BeginCall } from "./helper/protocol.ts";
import { EXPORT_WITH_NAMESPACE } from "./helper/sandbox-protocol.ts";
import type { CallBeginning } from "./operations/backend.ts";
import type { AnswerIpam, CallReport, OpenLease } from "./sandbox/pool.ts";

/** One more than the largest handle: handles are positive and have 31 bits. */
const HANDLE_END = 2 ** 31;

/** A call that runs. Whoever has it disposes of the lease. */
export interface RunningCall {
  readonly lease: OpenLease;
  /** Settles when the helper has begun the call. Rejects with why it did not: the guest can do nothing then, and is to be killed. */
  readonly begun: Promise<unknown>;
  /** How the guest ended. Never settles where the helper could not be asked. */
  readonly report: Promise<CallReport>;
  /** Says who answers its questions. Until then they wait. */
  readonly attach: (answerIpam: AnswerIpam) => void;
}

/** Starts a call on a sandbox. */
export function startCall(
  client: Pick<HelperClient, "request">,
  beginning: CallBeginning,
  lease: OpenLease,
): RunningCall {
  const { promise: attached, resolve: attach } = Promise.withResolvers<AnswerIpam>();
  const { promise: report, resolve: settle } = Promise.withResolvers<CallReport>();
  const asked = beginCallOf(beginning, lease.sandboxId);
  const frame = {
    type: "call",
    callId: beginning.callId,
    export: beginning.export,
    verb: beginning.verb,
    request: beginning.request,
    valid: beginning.valid,
    containerHandle: asked.containerHandle,
    isIpamAhead: beginning.earlyIpam !== undefined,
  } as const;
  // The helper's request is on its way before the guest is: what the guest asks comes after it.
  const begun = client.request("begin-call", asked, () =>
    settle(lease.call(frame, async (verb) => (await attached)(verb))),
  );
  begun.catch(() => undefined);
  return { lease, begun, report, attach };
}

/** Gives what the helper is told at the beginning of a call. */
function beginCallOf(call: CallBeginning, sandboxId: string): BeginCall {
  const { operationId, callId, plugin, request, runtimeConfig, previousResult, parentCallId } = call;
  return {
    operationId,
    callId,
    sandboxId,
    type: plugin.type,
    digest: plugin.digest,
    export: call.export,
    containerHandle: call.export === EXPORT_WITH_NAMESPACE ? randomInt(1, HANDLE_END) : 0,
    configuration: request.configuration,
    runtimeConfig,
    previousResult,
    parentCallId,
  };
}
