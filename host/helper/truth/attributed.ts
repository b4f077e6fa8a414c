/**
 * @module Making rows of what is somebody's.
 */
import { addressBits, ipEquals } from "../../spec/ip.ts";
import type { IpAddress, IpPrefix } from "../../spec/ip.ts";
import type { Intent, SharedThing } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { addressesIn } from "./known.ts";
import type { Candidate } from "./known.ts";

/** Whose something is, and in which operation its row is made. */
export interface Attributed extends Candidate {
  readonly operationId: string;
}

/** What a row says. */
export type RowOf = Pick<Intent, "kind" | "key" | "undo" | "description">;

/** Makes a row of what one attachment owns. */
export function own({ ledger }: HelperState, { owner, operationId }: Attributed, row: RowOf): boolean {
  ledger.intent(owner, { ...row, operationId, callId: "", isDone: true });
  return true;
}

/** Makes the attachment one of those that share something. */
export function shareThing(
  { ledger }: HelperState,
  { owner, operationId }: Attributed,
  thing: Omit<SharedThing, "operationId">,
): boolean {
  const { state: outcome, row } = ledger.shared.share(owner, { ...thing, operationId });
  if (outcome === "created") ledger.shared.ready(row.id);
  return true;
}

/** The address as ADD answered it, with its prefix. */
export function prefixOf(address: IpAddress, { attachment }: Attributed): IpPrefix {
  const known = addressesIn(attachment.result).find((each) => ipEquals(each.address, address));
  return known ?? { address, prefixLength: addressBits(address.tag) };
}
