/**
 * @module Undoing one change. What each kind does is in `kinds/`.
 */
import { withinPoints } from "../../spec/fault-points.ts";
import { kindOf } from "../kinds/index.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";

/**
 * Undoes one change, or gives the index of the node's link whose deletion undoes it.
 * @throws {KernelError} when the kernel refuses.
 */
export function undoOwned(state: HelperState, row: OwnedRow): number | undefined {
  return withinPoints("helper.undo", row.kind, () => kindOf(row).undo(state, row));
}
