/**
 * @module `masquerade`: source address translation for the attachment's addresses.
 */
import * as z from "zod";
import { addMasquerade, readMasquerade } from "../../kernel/masquerade.ts";
import type { Nftables } from "../../kernel/nftables.ts";
import { formatIpPrefix, parseIpPrefix } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { IP_PREFIX } from "./arguments.ts";
import { putForAddresses, removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Kind of its rows. */
const KIND = "masquerade";

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
      run: (context) => rowsOfPlugin(context, KIND).flatMap((row) => held(context.state.node.nftables(), row)),
    }),
    remove: operation({
      effect: "change",
      schema: z.tuple([]),
      run: (context) => removeRows(context, rowsOfPlugin(context, KIND)),
    }),
  },
};

function set(context: OperationContext, prefixes: readonly IpPrefix[]): void {
  putForAddresses(context, {
    kind: KIND,
    description: "masquerade of",
    addresses: prefixes.map(({ address }) => address),
    texts: prefixes.map(formatIpPrefix),
    put: (nftables) => addMasquerade(nftables, { tag: context.call.tag, addresses: prefixes }),
  });
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
