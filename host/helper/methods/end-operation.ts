/**
 * @module `end-operation`: keeps what a good ADD made, undoes any other, and after DEL removes whatever is still owned.
 */
import { CniError } from "../../spec/error.ts";
import type { Ledger } from "../ledger/records.ts";
import type { AttachmentRecord, Difference, EndOperation, EndedOperation } from "../protocol.ts";
import type { HelperState, OpenOperation } from "../state.ts";
import { isMadeByOthers } from "../made-by-others.ts";
import { compareAttachment } from "../truth/attachment.ts";
import { awaitDeletions, withoutBegun } from "../undo/deletions.ts";
import { everythingOf, madeBy, madeByPlugins, sweep } from "../undo/sweep.ts";
import type { Sweep, SweepOutcome } from "../undo/sweep.ts";
import { digestsLeft, isPartOfAdd, shareOf } from "./attachment-records.ts";

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
    call.over.resolve();
    // What a call that was never ended still does, it may not do any more.
    call.sandbox.end();
  }
  const outcome = ended.outcome === "ok" && !operation.broken && !isOrphaned(state, operation) ? "ok" : "error";
  try {
    const swept = await settle(state, operation, outcome);
    const differences = operation.begun.verb === "CHECK" ? compareAttachment(state, operation) : undefined;
    close(state, operation, { ...ended, outcome }, { ...swept, differences });
    if (outcome !== ended.outcome)
      throw new CniError("helperFailed", "the operation broke and was undone", { details: swept.failures.join("; ") });
    return {
      failures: swept.failures,
      sweepMicroseconds: swept.microseconds,
      sweepKernelMicroseconds: swept.kernelMicroseconds,
      ...(differences === undefined ? {} : { differences }),
    };
  } finally {
    operation.container?.[Symbol.dispose]();
    for (const lock of operation.locks) lock.release();
  }
}

/** Tells whether an ADD was part of an operation that is over: nobody would undo it any more. */
function isOrphaned({ ledger }: HelperState, { begun, outer }: OpenOperation): boolean {
  return begun.verb === "ADD" && outer !== undefined && ledger.readOperation(outer.id) === undefined;
}

/** Sweeps, while the deletions that the calls began go on; what those did not manage is tried again. */
async function settle(state: HelperState, operation: OpenOperation, outcome: "ok" | "error"): Promise<SweepOutcome> {
  const startedAt = performance.now();
  const collect = collectorOf(state, operation, outcome);
  const swept = collect === undefined ? NOTHING : await sweep(state, withoutBegun(collect(), operation));
  await Promise.all(operation.forgettings);
  if (operation.deletions.length === 0) return swept;
  const deleted = await awaitDeletions(operation);
  const isAgain = collect !== undefined && deleted.failures.length > 0;
  const { failures } = isAgain ? await sweep(state, collect()) : deleted;
  return {
    failures: [...new Set([...swept.failures, ...failures])],
    microseconds: Math.round((performance.now() - startedAt) * 1000),
    kernelMicroseconds: swept.kernelMicroseconds + deleted.kernelMicroseconds,
  };
}

/** What has to go; `undefined`: all of it stays. */
function collectorOf(state: HelperState, operation: OpenOperation, outcome: "ok" | "error"): (() => Sweep) | undefined {
  const { id, key, begun } = operation;
  const { verb } = begun;
  if (verb === "DEL") {
    const share = shareOf(operation);
    if (share === undefined || share.isLast) return () => everythingOf(state, key, id);
    return () => madeByPlugins(state, key, { operationId: id, digests: share.digests });
  }
  return verb === "ADD" && outcome === "error" ? () => madeBy(state, key, id) : undefined;
}

/** What the end of an operation found. */
interface Settled extends SweepOutcome {
  readonly differences: readonly Difference[] | undefined;
}

function close({ ledger }: HelperState, operation: OpenOperation, ended: EndOperation, swept: Settled): void {
  const { id, key, begun } = operation;
  const { verb } = begun;
  const { outcome, phasesMicroseconds } = ended;
  ledger.transaction(() => {
    if (verb === "ADD" && outcome === "ok") keepAdded(ledger, operation, ended.result);
    if (verb === "ADD" && outcome === "error") forgetAdded(ledger, operation);
    if (verb === "DEL") forgetDeleted(ledger, operation, outcome);
    const sweepMicroseconds = swept.microseconds;
    const drifted = (swept.differences ?? []).map(({ object, found }) => `${object}: ${found}`);
    ledger.audit({
      ...key,
      operationId: id,
      event: "end",
      data: {
        verb,
        outcome,
        failures: swept.failures,
        phasesMicroseconds,
        sweepMicroseconds,
        ...(drifted.length === 0 ? {} : { drifted }),
      },
    });
    ledger.closeOperation(id);
    ledger.flush();
  });
}

/** An ADD that is part of an ADD of the same attachment is from now on that one's to undo. */
function keepAdded(ledger: Ledger, operation: OpenOperation, result: string | undefined): void {
  const { id, key, outer } = operation;
  ledger.attachments.put(recordOf(operation, result), id);
  if (outer !== undefined && isPartOfAdd(operation)) ledger.handOver({ id, ...key }, outer.id);
}

/** Leases and records of ADDs that were part of it go along; for those of its own there is none yet. */
function forgetAdded(ledger: Ledger, { id, key }: OpenOperation): void {
  const { network, containerId, ifname } = key;
  ledger.leases.release({ operationId: id, network, containerId, ifname });
  ledger.attachments.deleteMadeBy(id, containerId);
}

function forgetDeleted(ledger: Ledger, operation: OpenOperation, outcome: "ok" | "error"): void {
  const { key, begun, attachment, givesAddresses } = operation;
  const { network, containerId, ifname } = key;
  const share = shareOf(operation);
  if (share === undefined || (share.isLast && (givesAddresses || !isMadeByOthers({ ledger }, key))))
    ledger.leases.release({ network, containerId, ifname });
  // Of an attachment that another program made nothing else is on record: its address goes with the plugin that gives addresses.
  else {
    const digests = [...share.digests, ...(givesAddresses ? ([""] as const) : [])];
    if (digests.length > 0) ledger.leases.release({ network, containerId, ifname, digests });
  }
  // A DEL that failed is repeated: it needs to know what ADD was given.
  if (outcome === "error") return;
  if (begun.scope === "") ledger.attachments.delete(key);
  else if (attachment !== undefined) {
    const left = digestsLeft(begun, attachment);
    if (Object.keys(left).length === 0) ledger.attachments.delete(key, attachment.scope);
    else ledger.attachments.keepOnly(attachment, left);
  }
}

function recordOf(operation: OpenOperation, result: string | undefined): AttachmentRecord {
  const { key, begun, digests, startedAtMs, legacyMade } = operation;
  const { scope, netns, cniVersion, configuration, args, runtimeConfig } = begun;
  const given = { scope, netns, cniVersion, configuration, args, runtimeConfig };
  return { ...key, ...given, digests, legacy: [...legacyMade].sort(), result, createdAtMs: startedAtMs };
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
