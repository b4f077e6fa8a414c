/**
 * @module Withdrawing a published port while the operation goes on: `end-operation` waits for it.
 */
import { withinPoints } from "../../spec/fault-points.ts";
import { withdrawPorts } from "../../kernel/host-ports.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { flowsThrough, forgetFlowsSoon } from "../port-flows.ts";
import { publicationOf, readPortRow } from "../published-ports.ts";
import type { HelperState, OpenOperation } from "../state.ts";
import type { DeletionOutcome } from "./deletions.ts";

/**
 * Withdraws a port, and forgets its flows while the operation goes on. Its row stays until they are forgotten: whoever finds it does it again.
 */
export function beginWithdrawal(state: HelperState, operation: OpenOperation, row: OwnedRow): void {
  withinPoints("helper.undo", row.kind, () => withdrawPorts(state.node.nftables(), publicationOf([row], row.tag)));
  const forgetting = forgetFlowsSoon(state.node, flowsThrough(readPortRow(row)));
  if (forgetting === undefined) return state.ledger.forget(row.id);
  operation.deletions.push({ ownedId: row.id, sharedIds: [], over: finishWithdrawal(state, row, forgetting) });
}

async function finishWithdrawal(
  { ledger }: HelperState,
  row: OwnedRow,
  forgetting: Promise<void>,
): Promise<DeletionOutcome> {
  await forgetting;
  try {
    ledger.forget(row.id);
    return { failure: undefined, kernelMicroseconds: 0 };
  } catch (error) {
    return { failure: `${row.description}: ${String(error)}`, kernelMicroseconds: 0 };
  }
}
