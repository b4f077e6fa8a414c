/**
 * @module CHECK against the ledger: whatever the attachment owns or shares, as far as it is the business of the operation's scope.
 */
import { CniError } from "../../spec/error.ts";
import { shareOf } from "../methods/attachment-records.ts";
import type { RepairAttachment, Difference } from "../truth-protocol.ts";
import type { HelperState, OpenOperation } from "../state.ts";
import { comparableOwned, comparableShared, compareAll, repairAll } from "./compare.ts";
import type { Comparable } from "./compare.ts";

/** Compares what an attachment has with the kernel. */
export function compareAttachment(state: HelperState, operation: OpenOperation): readonly Difference[] {
  return compareAll(rowsOf(state, operation));
}

/**
 * Puts back what of an attachment is not as ADD left it. Gives the differences that there were, with what became of each.
 * @throws {CniError} helperFailed when no such CHECK is open.
 */
export function repairAttachment(
  state: HelperState,
  { operationId }: RepairAttachment,
): { readonly differences: readonly Difference[] } {
  const operation = state.operations.get(operationId);
  if (operation?.begun.verb !== "CHECK")
    throw new CniError("helperFailed", `no CHECK ${JSON.stringify(operationId)} is open`);
  const differences = repairAll(rowsOf(state, operation));
  if (differences.length > 0) {
    const said = differences.map(({ object, found, repair }) => ({ object, found, repair: repair ?? "" }));
    state.ledger.audit({ ...operation.key, operationId, event: "repair", data: { differences: said } });
  }
  return { differences };
}

/** What is shared comes first: a pair joins its bridge. */
function rowsOf(state: HelperState, operation: OpenOperation): readonly Comparable[] {
  const { ledger, node } = state;
  const { key } = operation;
  const digests = shareOf(operation)?.digests;
  // The operation is in that namespace, or would not have begun: by which path it was added does not matter. What an ADD before made in another
  // one, which is gone, is DEL's.
  const cookie = operation.container?.netns.cookie.toString();
  const owned = ledger
    .owned({ attachment: key, nodeNetnsCookie: node.cookie })
    .filter(({ kind, undo }) => kind !== "namespace" && (undo["cookie"] ?? cookie) === cookie);
  const own = digests === undefined ? owned : owned.filter(({ digest }) => digests.includes(digest));
  const user = digests === undefined ? key : { ...key, digests };
  const shared = ledger.shared.list({ user, nodeNetnsCookie: node.cookie });
  return [...comparableShared(state, shared), ...comparableOwned(state, own)];
}
