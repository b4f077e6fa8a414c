/**
 * @module `masquerade`: source address translation for the attachment's addresses.
 */
import * as z from "zod";
import { addMasquerade, readMasquerade } from "../../kernel/masquerade.ts";
import type { Nftables } from "../../kernel/nftables.ts";
import { formatIpPrefix, parseIpPrefix } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import { MASQUERADE_BY_IPTABLES } from "../iptables-things.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { chooseFilter, type ChosenFilter, type PacketFilter } from "../packet-filter.ts";
import { IP_PREFIX, PACKET_FILTER } from "./arguments.ts";
import { putForAddresses, removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { heldByIptables, putByIptables, removeIptablesRows } from "./iptables-rows.ts";
import { operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Kind of its rows. */
const KIND = "masquerade";

export const MASQUERADE: OperationInterface = {
  name: "masquerade",
  errors: {
    EBUSY: "busy",
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
      schema: z.tuple([z.array(IP_PREFIX), PACKET_FILTER]),
      run: (context, [addresses, asked]) => set(context, addresses, asked),
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([]),
      run: (context) => list(context),
    }),
    remove: operation({
      effect: "change",
      schema: z.tuple([]),
      run: (context) => remove(context),
    }),
  },
};

function set(
  context: OperationContext,
  prefixes: readonly IpPrefix[],
  asked: PacketFilter | undefined,
): void | Promise<void> {
  const granted = context.call.grant.capabilities.masquerade?.backends ?? [];
  const put = (chosen: ChosenFilter): void | Promise<void> =>
    chosen === "nftables" ? setByNftables(context, prefixes) : setByIptables(context, prefixes, chosen);
  const chosen = chooseFilter(context.state, { asked, granted });
  return chosen instanceof Promise ? chosen.then(put) : put(chosen);
}

function setByNftables(context: OperationContext, prefixes: readonly IpPrefix[]): void {
  putForAddresses(context, {
    kind: KIND,
    description: "masquerade of",
    addresses: prefixes.map(({ address }) => address),
    texts: prefixes.map(formatIpPrefix),
    put: (nftables) => addMasquerade(nftables, { tag: context.call.tag, addresses: prefixes }),
  });
}

function setByIptables(
  context: OperationContext,
  addresses: readonly IpPrefix[],
  variant: Exclude<ChosenFilter, "nftables">,
): Promise<void> {
  return putByIptables(context, { kind: MASQUERADE_BY_IPTABLES, description: "masquerade of", addresses, variant });
}

function list(context: OperationContext): readonly IpPrefix[] | Promise<readonly IpPrefix[]> {
  const byNftables = rowsOfPlugin(context, KIND).flatMap((row) => held(context.state.node.nftables(), row));
  const rows = rowsOfPlugin(context, MASQUERADE_BY_IPTABLES);
  if (rows.length === 0) return byNftables;
  return heldByIptables(context, rows).then((found) => [
    ...byNftables,
    ...found.map(({ undo }) => parseIpPrefix(String(undo["address"]))),
  ]);
}

function remove(context: OperationContext): void | Promise<void> {
  removeRows(context, rowsOfPlugin(context, KIND));
  const rows = rowsOfPlugin(context, MASQUERADE_BY_IPTABLES);
  return rows.length === 0 ? undefined : removeIptablesRows(context, rows);
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
