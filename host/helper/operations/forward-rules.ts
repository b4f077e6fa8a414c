/**
 * @module `forward-rules`: what the node forwards to and from the attachment's addresses.
 */
import * as z from "zod";
import { addForwarded, droppingChains, hasForwardChain, readForwarded } from "../../kernel/forwarding.ts";
import { formatIpAddress, parseIpAddress } from "../../spec/ip.ts";
import type { IpAddress } from "../../spec/ip.ts";
import { IP_ADDRESS, LINK_NAME } from "./arguments.ts";
import { putForAddresses, removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { isolate, isolationOf } from "./isolation.ts";
import { operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Kind of its rows. */
const KIND = "forward-rules";
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
      run: (context) => removeRows(context, rowsOfPlugin(context, KIND)),
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
  putForAddresses(context, {
    kind: KIND,
    description: "forwarding for",
    addresses,
    texts: addresses.map(formatIpAddress),
    put: (nftables) => addForwarded(nftables, { tag: context.call.tag, addresses }),
  });
}

/** Gives those of its addresses that the packet filter has for it. */
function heldBy(context: OperationContext): IpAddress[] {
  const rows = rowsOfPlugin(context, KIND);
  if (rows.length === 0 || !hasForwardChain(context.state.node.nftables())) return [];
  return rows.flatMap(({ undo: { addresses }, tag }) => {
    if (!Array.isArray(addresses)) return [];
    const wanted = addresses.filter((text) => typeof text === "string").map(parseIpAddress);
    return wanted.filter((address) => readForwarded(context.state.node.nftables(), address)?.tag === tag);
  });
}
