/**
 * @module `masquerade`: source address translation for the attachment's addresses.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import { addMasquerade, readMasquerade } from "../../kernel/masquerade.ts";
import type { Nftables } from "../../kernel/nftables.ts";
import { formatIpPrefix, parseIpPrefix } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { undoOwned } from "../undo/owned.ts";
import { IP_PREFIX } from "./arguments.ts";
import { OperationFailure, operation, refuseLeased } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

export const MASQUERADE: OperationInterface = {
  name: "masquerade",
  errors: {
    EEXIST: "conflict",
    ENOSYS: "unsupported",
    EOPNOTSUPP: "unsupported",
    EPROTONOSUPPORT: "unsupported",
    EAFNOSUPPORT: "unsupported",
  },
  otherwise: "invalid-argument",
  operations: {
    set: operation({
      effect: "change",
      schema: z.tuple([z.array(IP_PREFIX)]),
      run: (context, [addresses]) => set(context, addresses),
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([]),
      run: (context) => rowsOf(context).flatMap((row) => held(context.state.node.nftables(), row)),
    }),
    remove: operation({
      effect: "change",
      schema: z.tuple([]),
      run: (context) => {
        for (const row of rowsOf(context)) {
          undoOwned(context.state, row);
          context.state.ledger.forget(row.id);
        }
      },
    }),
  },
};

function set(context: OperationContext, addresses: readonly IpPrefix[]): void {
  if (addresses.length === 0) return;
  const { state, call } = context;
  for (const { address } of addresses) refuseLeased(context, address);
  const nftables = state.node.nftables();
  const texts = addresses.map(formatIpPrefix);
  const row = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: "masquerade",
    key: texts.join(" "),
    undo: { addresses: texts },
    description: `masquerade of ${texts.join(", ")}`,
  });
  try {
    addMasquerade(nftables, { tag: call.tag, addresses });
  } catch (error) {
    state.ledger.forget(row);
    if (isKernelError(error, "ENOENT")) throw new OperationFailure("unsupported", error.message);
    throw error;
  }
  state.ledger.done(row);
}

/** What this plugin has for the attachment: what another one of the chain has is that one's. */
function rowsOf({ state, call }: OperationContext): OwnedRow[] {
  const { key: attachment } = call.operation;
  const { cookie: nodeNetnsCookie } = state.node;
  return state.ledger.owned({ attachment, kind: "masquerade", digest: call.owner.digest, nodeNetnsCookie });
}

/** Gives those of a row's addresses that the packet filter has for its tag. */
function held(nftables: Nftables, { undo, tag }: OwnedRow): IpPrefix[] {
  const { addresses } = undo;
  if (!Array.isArray(addresses)) return [];
  return addresses.flatMap((text) => {
    const found = typeof text === "string" ? readMasquerade(nftables, parseIpPrefix(text).address) : undefined;
    return found?.tag === tag ? [found.address] : [];
  });
}
