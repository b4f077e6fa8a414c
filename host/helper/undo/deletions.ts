/**
 * @module Deleting a link, and with the last port of a bridge that one, while the operation goes on: `end-operation` waits for it.
 *
 * The kernel takes a grace period for it. The ledger's rows stay until it has happened: whoever finds them deletes what is left.
 */
import { withinPoints } from "../../spec/fault-points.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState, OpenOperation } from "../state.ts";
import { undoOwned } from "./owned.ts";
import { leaveShared } from "./shared.ts";
import type { Unused } from "./shared.ts";
import type { Sweep } from "./sweep.ts";

/** A deletion that was begun. */
export interface Deletion {
  /** Its row of what is owned. */
  readonly ownedId: number;
  /** Its rows of what is shared. */
  readonly sharedIds: readonly number[];
  /** Settles when it is over, never with an error. */
  readonly over: Promise<DeletionOutcome>;
}

/** How it went. */
export interface DeletionOutcome {
  /** Why it did not come about; `undefined`: it did, and the rows are forgotten. */
  readonly failure: string | undefined;
  readonly kernelMicroseconds: number;
}

/**
 * Begins to delete what a row stands for, and a bridge of ours that nobody else uses, in one request.
 * @throws {KernelError} when the links cannot be read.
 */
export function beginDeletion(state: HelperState, operation: OpenOperation, row: OwnedRow): void {
  const { ledger, node } = state;
  const { network, containerId, ifname, digest } = row;
  const user = { network, containerId, ifname, digests: [digest] };
  const { bridge } = row.undo;
  const joined =
    typeof bridge === "string"
      ? ledger.shared.list({ user, kind: "bridge", key: bridge, nodeNetnsCookie: node.cookie })
      : [];
  const veth = undoOwned(state, row);
  if (typeof bridge === "string") operation.bridges.delete(bridge);
  const unused = leaveShared(state, joined, user, operation.id);
  operation.deletions.push({
    ownedId: row.id,
    sharedIds: unused.map(({ row: { id } }) => id),
    over: finish(state, row, veth, unused),
  });
}

async function finish(
  { ledger, node }: HelperState,
  row: OwnedRow,
  veth: number | undefined,
  unused: readonly Unused[],
): Promise<DeletionOutcome> {
  const indexes = [veth, ...unused.map(({ linkIndex }) => linkIndex)].filter((index) => index !== undefined);
  try {
    const kernelMicroseconds =
      indexes.length === 0
        ? 0
        : await withinPoints("helper.link-deletion", "", () => node.rtnetlink.deleteLinks(indexes));
    ledger.forget(row.id);
    for (const { row: shared } of unused) ledger.shared.removed(shared.id);
    return { failure: undefined, kernelMicroseconds };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { failure: `${row.description}: ${why}`, kernelMicroseconds: 0 };
  }
}

/** Waits until everything that an operation began to delete is gone, or could not be deleted. */
export async function awaitDeletions({ deletions }: OpenOperation): Promise<{
  readonly failures: readonly string[];
  readonly kernelMicroseconds: number;
}> {
  const outcomes = await Promise.all(deletions.map(({ over }) => over));
  return {
    failures: outcomes.map(({ failure }) => failure).filter((failure) => failure !== undefined),
    // They went on at the same time.
    kernelMicroseconds: Math.max(0, ...outcomes.map(({ kernelMicroseconds }) => kernelMicroseconds)),
  };
}

/** Leaves out of a sweep what is being deleted already. */
export function withoutBegun(sweep: Sweep, { deletions }: OpenOperation): Sweep {
  if (deletions.length === 0) return sweep;
  const owned = new Set(deletions.map(({ ownedId }) => ownedId));
  const shared = new Set(deletions.flatMap(({ sharedIds }) => sharedIds));
  return {
    ...sweep,
    owned: sweep.owned.filter(({ id }) => !owned.has(id)),
    deleting: sweep.deleting.filter(({ id }) => !shared.has(id)),
  };
}
