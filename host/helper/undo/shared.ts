/**
 * @module Leaving what attachments share, and deleting what nobody uses any more.
 */
import { withinPoints } from "../../spec/fault-points.ts";
import { sharedKindOf } from "../kinds/index.ts";
import type { SharedRow, SharedUser } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { removalOfShared } from "./iptables.ts";

/** A shared thing of which nobody is a user any more. */
export interface Unused {
  readonly row: SharedRow;
  /** Index of the link to delete; `undefined`: the thing is gone already. */
  readonly linkIndex: number | undefined;
}

/**
 * Takes the attachment off the users of shared things, and gives those that had no other. They are in state `deleting`: the
 * caller deletes their links and calls `removed`.
 */
export function leaveShared(
  state: HelperState,
  rows: readonly SharedRow[],
  user: SharedUser,
  operationId: string,
): readonly Unused[] {
  return rows.flatMap((row) => {
    const left = state.ledger.shared.unshare(row.id, user, operationId);
    return left?.last === true ? [dismantle(state, left.row)] : [];
  });
}

/** Undoes a shared thing that nobody uses, but for its link, and for what iptables made. */
export function dismantle(state: HelperState, row: SharedRow): Unused {
  if (removalOfShared(state, row) !== undefined) return { row, linkIndex: undefined };
  const linkIndex = withinPoints("helper.undo", row.kind, () => sharedKindOf(row).dismantle(state, row));
  return { row, linkIndex };
}
