/**
 * @module What recovery does with the remains of an operation whose helper died.
 */
import type { Remains } from "../ledger/recovery.ts";
import type { HelperState } from "../state.ts";
import { sweep } from "./sweep.ts";

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
