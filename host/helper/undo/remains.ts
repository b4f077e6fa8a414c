/**
 * @module What recovery does with the remains of an operation whose helper died, and of one that ended with a failure.
 */
import type { Remains } from "../ledger/recovery.ts";
import type { SharedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { sweep } from "./sweep.ts";

/**
 * Deletes what nobody uses any more, and an operation left that was closed with a failure. Not beside operations of containers, which may
 * take such a thing over: the next start comes.
 */
export async function finishDeletions(state: HelperState): Promise<void> {
  const { ledger, node, locks } = state;
  const isOrphan = ({ id, operationId, state: phase }: SharedRow): boolean =>
    phase === "deleting" && ledger.readOperation(operationId) === undefined && ledger.shared.users(id).length === 0;
  const find = (): SharedRow[] => ledger.shared.list({ nodeNetnsCookie: node.cookie }).filter(isOrphan);
  if (find().length === 0) return;
  const alone = locks.gc("exclusive");
  if (alone === undefined) return;
  try {
    const user = { network: "", containerId: "", ifname: "" };
    await sweep(state, { user, operationId: "", owned: [], joined: [], deleting: find() });
  } finally {
    alone.release();
  }
}

/** Undoes what a dead operation left; gives what it could not undo. */
export async function undoRemains(state: HelperState, remains: Remains): Promise<readonly string[]> {
  const { operation, owned, joined, deleting } = remains;
  const { network, containerId, ifname } = operation;
  const { failures } = await sweep(state, {
    user: { network, containerId, ifname, joinedBy: operation.id },
    operationId: operation.id,
    owned,
    joined,
    deleting,
  });
  return failures;
}
