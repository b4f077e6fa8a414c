/**
 * @module Undoes what operations left whose helper died.
 */
import { withinPoints } from "../../spec/fault-points.ts";
import type { Locks } from "../locks.ts";
import type { Ledger, OperationRecord, OwnedRow, SharedRow } from "./records.ts";

/** What a dead operation left. */
export interface Remains {
  readonly operation: OperationRecord;
  /** What it made or was about to make, last first. */
  readonly owned: readonly OwnedRow[];
  /** Shared things that its attachment joined in it: to be unshared. */
  readonly joined: readonly SharedRow[];
  /** Shared things that it was about to delete: to be deleted. */
  readonly deleting: readonly SharedRow[];
}

/**
 * Undoes, forgets each row it undid, and gives what it could not undo; empty: all is well.
 * Leases are not its business. Meets things that are already gone or were never made.
 */
export type UndoAll = (remains: Remains) => Promise<readonly string[]>;

/** An operation that was recovered. */
export interface Recovered {
  readonly operation: OperationRecord;
  readonly failures: readonly string[];
}

/** Narrows a recovery: to one operation, or to one container. */
export interface RecoveryFilter {
  readonly operationId?: string;
  readonly containerId?: string;
}

/**
 * Recovers every unfinished operation of this node namespace whose lock is free; one that lives is never touched.
 * Without a filter, also removes the lock files of helpers that died.
 * An operation is closed whatever could not be undone: that stays with the attachment, for DEL and GC.
 */
export async function recover(
  ledger: Ledger,
  locks: Locks,
  undoAll: UndoAll,
  filter: RecoveryFilter = {},
): Promise<Recovered[]> {
  const recovered: Recovered[] = [];
  for (const { id, containerId } of ledger.unfinishedOperations()) {
    if (filter.operationId !== undefined && filter.operationId !== id) continue;
    if (filter.containerId !== undefined && filter.containerId !== containerId) continue;
    using lock = locks.operation(id);
    if (lock === undefined) continue;
    // Between the list and the lock another helper may have recovered it.
    const operation = ledger.readOperation(id);
    if (operation !== undefined)
      recovered.push(
        await withinPoints("helper.recover", operation.verb, () => recoverOne(ledger, operation, undoAll)),
      );
  }
  if (filter.operationId === undefined && filter.containerId === undefined) locks.removeAbandoned();
  return recovered;
}

async function recoverOne(ledger: Ledger, operation: OperationRecord, undoAll: UndoAll): Promise<Recovered> {
  const { id, network, containerId, ifname } = operation;
  const failures = await undoAll({
    operation,
    owned: ledger.owned({ operationId: id }).toReversed(),
    joined: ledger.shared.list({ joinedBy: id }),
    deleting: ledger.shared.list({ busyWith: id }).filter(({ state }) => state === "deleting"),
  });
  ledger.transaction(() => {
    ledger.leases.release({ operationId: id });
    // Those of ADDs that were part of it.
    ledger.attachments.deleteMadeBy(id, containerId);
    ledger.audit({
      operationId: id,
      network,
      containerId,
      ifname,
      event: "recovered",
      data: { verb: operation.verb, failures },
    });
    ledger.closeOperation(id);
    ledger.flush();
  });
  return { operation, failures };
}
