/**
 * @module Leaving what attachments share, and deleting what nobody uses any more.
 */
import { isKernelError } from "../../kernel/error.ts";
import { removeIsolation } from "../../kernel/isolation.ts";
import { parseIpPrefix } from "../../spec/ip.ts";
import type { SharedRow, SharedUser } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { isTagged } from "./alias.ts";

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

/** Undoes a shared thing that nobody uses, but for its link. */
export function dismantle(state: HelperState, row: SharedRow): Unused {
  if (row.kind === "bridge") return { row, linkIndex: bridgeIndex(state, row) };
  if (row.kind === "node-address") removeAddress(state, row);
  if (row.kind === "isolation") endIsolation(state, row);
  return { row, linkIndex: undefined };
}

function bridgeIndex({ node }: HelperState, { key, undo }: SharedRow): number | undefined {
  const link = node.rtnetlink.getLink({ name: key });
  const { tag } = undo;
  return link !== undefined && link.kind === "bridge" && typeof tag === "string" && isTagged(link, tag)
    ? link.index
    : undefined;
}

function endIsolation({ node }: HelperState, { key, undo }: SharedRow): void {
  const { tag } = undo;
  if (typeof tag === "string") removeIsolation(node.nftables(), { bridge: key, tag });
}

function removeAddress({ node }: HelperState, { undo }: SharedRow): void {
  const { link, index, address } = undo;
  if (typeof link !== "string" || typeof address !== "string") return;
  const found = node.rtnetlink.getLink({ name: link });
  // Another link of that name by now: the address went with the old one.
  if (found === undefined || found.index !== index) return;
  try {
    node.rtnetlink.deleteAddress(found.index, parseIpPrefix(address));
  } catch (error) {
    if (!isKernelError(error, "EADDRNOTAVAIL") && !isKernelError(error, "ENODEV")) throw error;
  }
}
