/**
 * @module Attachments that another program made before the node was switched over: nothing of them is on record but addresses that were taken over.
 */
import { isTakenOver } from "./ledger/taken-over.ts";
import type { AttachmentKey } from "./protocol.ts";
import type { HelperState } from "./state.ts";

/** Tells whether another program made an attachment. */
export function isMadeByOthers(
  { ledger }: Pick<HelperState, "ledger">,
  { network, containerId, ifname }: AttachmentKey,
): boolean {
  return ledger.leases.list({ network, containerId, ifname }).some(isTakenOver);
}
