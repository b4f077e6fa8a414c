/**
 * @module `forward-rules`: what the node forwards to and from the attachment's addresses.
 */
import * as z from "zod";
import { addForwarded, hasForwardChain, readForwarded } from "../../kernel/forwarding.ts";
import type { IptablesTarget } from "../../kernel/iptables/iptables.ts";
import { isInstalled, type IptablesVariant } from "../../kernel/iptables/programs.ts";
import { addressBits, formatIpAddress, parseIpAddress, parseIpPrefix } from "../../spec/ip.ts";
import type { IpAddress } from "../../spec/ip.ts";
import { FORWARD_BY_IPTABLES } from "../iptables-things.ts";
import { chooseFilter, droppingFilters, type ChosenFilter, type PacketFilter } from "../packet-filter.ts";
import { IP_ADDRESS, LINK_NAME, PACKET_FILTER, ZONE } from "./arguments.ts";
import { allowInZone, heldByFirewalld, removeFromZones } from "./firewalld-sources.ts";
import { putForAddresses, removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { heldByIptables, putByIptables, removeIptablesRows } from "./iptables-rows.ts";
import { isolate, isolationOf } from "./isolation.ts";
import { operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Kind of its rows. */
const KIND = "forward-rules";
const ISOLATION = z.enum(["open", "same-bridge", "isolated"]);

export const FORWARD_RULES: OperationInterface = {
  name: "forward-rules",
  errors: { EBUSY: "busy", ETIMEDOUT: "busy", EEXIST: "conflict", ENODEV: "not-permitted" },
  otherwise: "unsupported",
  operations: {
    allow: operation({
      effect: "change",
      schema: z.tuple([z.array(IP_ADDRESS), PACKET_FILTER, ZONE]),
      run: (context, [addresses, asked, zone]) => allow(context, addresses, { asked, zone }),
    }),
    list: operation({ effect: "read", schema: z.tuple([]), run: (context) => heldBy(context) }),
    remove: operation({
      effect: "change",
      schema: z.tuple([]),
      run: (context) => remove(context),
    }),
    obstacles: operation({
      effect: "read",
      schema: z.tuple([]),
      run: (context) => obstacles(context),
    }),
    isolate: operation({
      effect: "change",
      maxCalls: 16,
      schema: z.tuple([LINK_NAME, ISOLATION, PACKET_FILTER]),
      run: (context, [bridge, isolation, asked]) => isolate(context, { bridge, isolation, asked }),
    }),
    "isolation-of": operation({
      effect: "read",
      schema: z.tuple([LINK_NAME]),
      run: (context, [bridge]) => isolationOf(context, bridge),
    }),
  },
};

interface ForwardingWish {
  readonly asked: PacketFilter | undefined;
  readonly zone: string | undefined;
}

/** By what was asked for; where nothing was, by firewalld where it runs, else by what else would drop it, too. */
function allow(
  context: OperationContext,
  addresses: readonly IpAddress[],
  { asked, zone }: ForwardingWish,
): void | Promise<void> {
  if (addresses.length === 0) return;
  const granted = context.call.grant.capabilities["forward-rules"]?.backends ?? [];
  const mayAskFirewalld = zone !== undefined && granted.includes("firewalld");
  if (mayAskFirewalld && (asked === "firewalld" || asked === undefined)) {
    if (allowInZone(context, addresses, { zone, isDemanded: asked === "firewalld" })) return;
  }
  const put = (chosen: ChosenFilter): void | Promise<void> => {
    if (chosen !== "nftables") return allowByIptables(context, addresses, chosen);
    allowByNftables(context, addresses);
    return asked === undefined && granted.includes("iptables") ? allowWhereDropped(context, addresses) : undefined;
  };
  const chosen = chooseFilter(context.state, { asked, granted });
  return chosen instanceof Promise ? chosen.then(put) : put(chosen);
}

function allowByNftables(context: OperationContext, addresses: readonly IpAddress[]): void {
  putForAddresses(context, {
    kind: KIND,
    description: "forwarding for",
    addresses,
    texts: addresses.map(formatIpAddress),
    put: (nftables) => addForwarded(nftables, { tag: context.call.tag, addresses }),
  });
}

/** An accept in nftables does not lift what iptables drops. */
function allowWhereDropped(context: OperationContext, addresses: readonly IpAddress[]): void | Promise<void> {
  const put = async (dropping: readonly IptablesTarget[]): Promise<void> => {
    for (const { variant, family } of dropping.filter((each) => isInstalled(each.variant))) {
      const own = addresses.filter(({ tag }) => tag === family);
      await allowByIptables(context, own, variant);
    }
  };
  const dropping = droppingFilters(context.state, familiesOf(addresses));
  if (dropping instanceof Promise) return dropping.then(put);
  return dropping.length === 0 ? undefined : put(dropping);
}

function allowByIptables(
  context: OperationContext,
  addresses: readonly IpAddress[],
  variant: IptablesVariant,
): Promise<void> {
  return putByIptables(context, {
    kind: FORWARD_BY_IPTABLES,
    description: "forwarding for",
    addresses: addresses.map((address) => ({ address, prefixLength: addressBits(address.tag) })),
    variant,
  });
}

function familiesOf(addresses: readonly IpAddress[]): IpAddress["tag"][] {
  return [...new Set(addresses.map(({ tag }) => tag))];
}

function remove(context: OperationContext): void | Promise<void> {
  removeFromZones(context);
  removeRows(context, rowsOfPlugin(context, KIND));
  const rows = rowsOfPlugin(context, FORWARD_BY_IPTABLES);
  return rows.length === 0 ? undefined : removeIptablesRows(context, rows);
}

/** Gives its addresses that every packet filter has which they were put into. */
function heldBy(context: OperationContext): IpAddress[] | Promise<IpAddress[]> {
  const inZones = heldByFirewalld(context);
  if (inZones.length > 0) return inZones;
  const inNftables = heldByNftables(context);
  const rows = rowsOfPlugin(context, FORWARD_BY_IPTABLES);
  if (rows.length === 0) return inNftables;
  const isByNftables = rowsOfPlugin(context, KIND).length > 0;
  return heldByIptables(context, rows).then((held) => {
    const ids = new Set(held.map(({ id }) => id));
    const lost = new Set(rows.filter(({ id }) => !ids.has(id)).map(({ key }) => key));
    const inIptables = held.map(({ undo }) => parseIpPrefix(String(undo["address"])).address);
    return (isByNftables ? inNftables : inIptables).filter((address) => !lost.has(formatIpAddress(address)));
  });
}

/** Names what drops by default and was not given rules for these addresses. */
function obstacles(context: OperationContext): readonly string[] | Promise<readonly string[]> {
  const rows = [...rowsOfPlugin(context, KIND), ...rowsOfPlugin(context, FORWARD_BY_IPTABLES)];
  const texts = rows.flatMap(({ undo: { addresses, address } }) => [
    ...(Array.isArray(addresses) ? addresses : []),
    address,
  ]);
  const known = texts
    .filter((text) => typeof text === "string")
    .map((text) => parseIpAddress(text.split("/")[0] ?? ""));
  const dropping = droppingFilters(context.state, familiesOf(known));
  const name = (found: readonly IptablesTarget[]): readonly string[] =>
    found
      .filter(
        ({ variant, family }) =>
          !rows.some(({ undo, key }) => undo["variant"] === variant && parseFamily(key) === family),
      )
      .map(({ variant, family }) => {
        const chain = `${family === "ipv4" ? "ip" : "ip6"} filter FORWARD`;
        return variant === "iptables-nft" ? chain : `${chain} of ${variant}`;
      });
  return dropping instanceof Promise ? dropping.then(name) : name(dropping);
}

function parseFamily(key: string): IpAddress["tag"] {
  return key.includes(":") ? "ipv6" : "ipv4";
}

/** Gives those of its addresses that the packet filter has for it. */
function heldByNftables(context: OperationContext): IpAddress[] {
  const rows = rowsOfPlugin(context, KIND);
  if (rows.length === 0 || !hasForwardChain(context.state.node.nftables())) return [];
  return rows.flatMap(({ undo: { addresses }, tag }) => {
    if (!Array.isArray(addresses)) return [];
    const wanted = addresses.filter((text) => typeof text === "string").map(parseIpAddress);
    return wanted.filter((address) => readForwarded(context.state.node.nftables(), address)?.tag === tag);
  });
}
