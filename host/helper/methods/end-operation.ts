/**
 * @module `end-operation`: keeps what a good ADD made, undoes any other, and after DEL removes whatever is still owned.
 */
import { CniError } from "../../spec/error.ts";
import type { AttachmentRecord, EndOperation, EndedOperation } from "../protocol.ts";
import type { HelperState, OpenOperation } from "../state.ts";
import { everythingOf, madeBy, sweep } from "../undo/sweep.ts";
import type { SweepOutcome } from "../undo/sweep.ts";

const NOTHING: SweepOutcome = { failures: [], microseconds: 0, kernelMicroseconds: 0 };

/**
 * Ends one verb.
 * @throws {CniError} helperFailed when an ADD was to be kept that broke; it is undone.
 */
export async function endOperation(state: HelperState, ended: EndOperation): Promise<EndedOperation> {
  const operation = state.operations.get(ended.operationId);
  if (operation === undefined)
    throw new CniError("helperFailed", `no operation ${JSON.stringify(ended.operationId)} is open`);
  state.operations.delete(operation.id);
  for (const call of [...state.calls.values()].filter((each) => each.operation === operation)) {
    state.calls.delete(call.id);
    call.ended = true;
    // What a call that was never ended still does, it may not do any more.
    call.sandbox.end();
  }
  const outcome = ended.outcome === "ok" && !operation.broken ? "ok" : "error";
  try {
    const swept = await settle(state, operation, outcome);
    close(state, operation, { ...ended, outcome }, swept);
    if (outcome !== ended.outcome)
      throw new CniError("helperFailed", "the operation broke and was undone", { details: swept.failures.join("; ") });
    return {
      failures: swept.failures,
      sweepMicroseconds: swept.microseconds,
      sweepKernelMicroseconds: swept.kernelMicroseconds,
    };
  } finally {
    operation.container?.[Symbol.dispose]();
    for (const lock of operation.locks) lock.release();
  }
}

async function settle(
  state: HelperState,
  { id, key, begun }: OpenOperation,
  outcome: "ok" | "error",
): Promise<SweepOutcome> {
  if (begun.verb === "DEL") return sweep(state, everythingOf(state, key, id));
  if (begun.verb === "ADD" && outcome === "error") return sweep(state, madeBy(state, key, id));
  return NOTHING;
}

function close({ ledger }: HelperState, operation: OpenOperation, ended: EndOperation, swept: SweepOutcome): void {
  const { id, key, begun } = operation;
  const { verb } = begun;
  const { outcome, phasesMicroseconds } = ended;
  ledger.transaction(() => {
    if (verb === "ADD" && outcome === "ok") ledger.attachments.put(recordOf(operation, ended.result));
    if (verb === "ADD" && outcome === "error") ledger.leases.release({ operationId: id });
    if (verb === "DEL") {
      const { network, containerId, ifname } = key;
      ledger.leases.release({ network, containerId, ifname });
      // A DEL that failed is repeated: it needs to know what ADD was given.
      if (outcome === "ok") ledger.attachments.delete(key);
    }
    const sweepMicroseconds = swept.microseconds;
    ledger.audit({
      ...key,
      operationId: id,
      event: "end",
      data: { verb, outcome, failures: swept.failures, phasesMicroseconds, sweepMicroseconds },
    });
    ledger.closeOperation(id);
    ledger.flush();
  });
}

function recordOf({ key, begun, digests, startedAtMs }: OpenOperation, result: string | undefined): AttachmentRecord {
  const { netns, cniVersion, configuration, args, runtimeConfig } = begun;
  return { ...key, netns, cniVersion, configuration, args, runtimeConfig, digests, result, createdAtMs: startedAtMs };
}

/** Undoes every open ADD and sweeps after every open DEL: the host is gone. The runtime repeats what it missed. */
export async function abandonOperations(state: HelperState): Promise<void> {
  for (const operation of state.operations.values()) {
    try {
      await endOperation(state, {
        operationId: operation.id,
        outcome: "error",
        result: undefined,
        phasesMicroseconds: {},
      });
    } catch {
      // Stays on record as unfinished: the next helper recovers it.
    }
  }
}
