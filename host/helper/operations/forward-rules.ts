/**
 * @module `forward-rules`: what the node forwards to and from the attachment's addresses.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import { addForwarded, droppingChains, hasForwardChain, readForwarded } from "../../kernel/forwarding.ts";
import { formatIpAddress, parseIpAddress } from "../../spec/ip.ts";
import type { IpAddress } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { undoOwned } from "../undo/owned.ts";
import { IP_ADDRESS, LINK_NAME } from "./arguments.ts";
import { isolate, isolationOf } from "./isolation.ts";
import { OperationFailure, operation, refuseLeased } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

const ISOLATION = z.enum(["open", "same-bridge", "isolated"]);

export const FORWARD_RULES: OperationInterface = {
  name: "forward-rules",
  errors: { EEXIST: "conflict", ENODEV: "not-permitted" },
  otherwise: "unsupported",
  operations: {
    allow: operation({
      effect: "change",
      schema: z.tuple([z.array(IP_ADDRESS)]),
      run: (context, [addresses]) => allow(context, addresses),
    }),
    list: operation({ effect: "read", schema: z.tuple([]), run: (context) => heldBy(context) }),
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
    obstacles: operation({
      effect: "read",
      schema: z.tuple([]),
      run: (context) => {
        const families = new Set(heldBy(context).map(({ tag }) => tag));
        return families.size === 0 ? [] : droppingChains(context.state.node.nftables(), [...families]);
      },
    }),
    isolate: operation({
      effect: "change",
      maxCalls: 16,
      schema: z.tuple([LINK_NAME, ISOLATION]),
      run: (context, [bridge, isolation]) => isolate(context, bridge, isolation),
    }),
    "isolation-of": operation({
      effect: "read",
      schema: z.tuple([LINK_NAME]),
      run: (context, [bridge]) => isolationOf(context, bridge),
    }),
  },
};

function allow(context: OperationContext, addresses: readonly IpAddress[]): void {
  if (addresses.length === 0) return;
  const { state, call } = context;
  for (const address of addresses) refuseLeased(context, address);
  const nftables = state.node.nftables();
  const texts = addresses.map(formatIpAddress);
  const row = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: "forward-rules",
    key: texts.join(" "),
    undo: { addresses: texts },
    description: `forwarding for ${texts.join(", ")}`,
  });
  try {
    addForwarded(nftables, { tag: call.tag, addresses });
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
  return state.ledger.owned({ attachment, kind: "forward-rules", digest: call.owner.digest, nodeNetnsCookie });
}

/** Gives those of its addresses that the packet filter has for it. */
function heldBy(context: OperationContext): IpAddress[] {
  const rows = rowsOf(context);
  if (rows.length === 0 || !hasForwardChain(context.state.node.nftables())) return [];
  return rows.flatMap(({ undo: { addresses }, tag }) => {
    if (!Array.isArray(addresses)) return [];
    const wanted = addresses.filter((text) => typeof text === "string").map(parseIpAddress);
    return wanted.filter((address) => readForwarded(context.state.node.nftables(), address)?.tag === tag);
  });
}
