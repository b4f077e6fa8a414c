/**
 * @module Deleting a veth pair, and with its last port the bridge.
 */
import { kernelTime } from "../../kernel/time.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { undoOwned } from "./owned.ts";
import { leaveShared } from "./shared.ts";

/** Deletes a pair, and a bridge of ours that nobody else uses, in one request. Gives the kernel's microseconds. */
export async function deleteVeth(state: HelperState, row: OwnedRow, operationId: string): Promise<number> {
  const { ledger, node } = state;
  const { network, containerId, ifname } = row;
  const user = { network, containerId, ifname };
  const { bridge } = row.undo;
  const joined =
    typeof bridge === "string"
      ? ledger.shared.list({ user, kind: "bridge", key: bridge, nodeNetnsCookie: node.cookie })
      : [];
  const veth = undoOwned(state, row);
  const unused = leaveShared(state, joined, user, operationId);
  const indexes = [...(veth === undefined ? [] : [veth]), ...unused.flatMap(({ linkIndex }) => linkIndex ?? [])];
  const before = kernelTime.takeMicroseconds();
  const took = indexes.length === 0 ? 0 : await node.rtnetlink.deleteLinks(indexes);
  ledger.forget(row.id);
  for (const { row: shared } of unused) ledger.shared.removed(shared.id);
  return before + took;
}
