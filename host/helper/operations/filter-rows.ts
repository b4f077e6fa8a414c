/**
 * @module What the operations on the packet filter have in common: a change is written down, then made; what a plugin has is on record.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Nftables } from "../../kernel/nftables.ts";
import type { IpAddress } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { undoOwned } from "../undo/owned.ts";
import { OperationFailure, refuseLeased } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/** What is put into the packet filter for addresses of the attachment. */
export interface AddressChange {
  /** Kind of its row in the ledger; `undo` knows it. */
  readonly kind: string;
  /** Such as `masquerade of`; the addresses follow. */
  readonly description: string;
  readonly addresses: readonly IpAddress[];
  /** The addresses as the row has them. */
  readonly texts: readonly string[];
  readonly put: (nftables: Nftables) => void;
}

/**
 * Writes a change down and makes it; nothing without an address.
 * @throws {OperationFailure} not-permitted for an address that is another attachment's; unsupported where the packet filter lacks something.
 */
export function putForAddresses(context: OperationContext, change: AddressChange): void {
  const { kind, description, addresses, texts, put } = change;
  if (addresses.length === 0) return;
  const { state, call } = context;
  for (const address of addresses) refuseLeased(context, address);
  const nftables = state.node.nftables();
  const row = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind,
    key: texts.join(" "),
    undo: { addresses: [...texts] },
    description: `${description} ${texts.join(", ")}`,
  });
  try {
    put(nftables);
  } catch (error) {
    state.ledger.forget(row);
    if (isKernelError(error, "ENOENT")) throw new OperationFailure("unsupported", error.message);
    throw error;
  }
  state.ledger.done(row);
}

/** Gives what the plugin has for the attachment: what another one of the chain has is that one's. */
export function rowsOfPlugin({ state, call }: OperationContext, kind: string): OwnedRow[] {
  const { key: attachment } = call.operation;
  const { cookie: nodeNetnsCookie } = state.node;
  return state.ledger.owned({ attachment, kind, digest: call.owner.digest, nodeNetnsCookie });
}

/** Undoes what rows stand for, in their order, and forgets them. */
export function removeRows({ state }: OperationContext, rows: readonly OwnedRow[]): void {
  for (const row of rows) {
    undoOwned(state, row);
    state.ledger.forget(row.id);
  }
}
