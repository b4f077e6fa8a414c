/**
 * @module Undoing one change. What each kind does is in `kinds/`.
 */
import { kindOf } from "../kinds/index.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";

/**
 * Undoes one change, or gives the index of the node's link whose deletion undoes it.
 * @throws {KernelError} when the kernel refuses.
 */
export function undoOwned(state: HelperState, row: OwnedRow): number | undefined {
  return kindOf(row).undo(state, row);
}
