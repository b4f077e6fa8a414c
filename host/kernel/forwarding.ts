/**
 * @module What the node forwards to and from attachments: one element per address in a map of Cnidaria's own table.
 *
 * ```
 * table inet cnidaria {
 *   map forward_v4 { type ipv4_addr : verdict; elements = { 10.88.0.2 comment "cnidaria:<tag>" : goto forward_allowed } }
 *   chain forward { type filter hook forward priority filter + 10; policy accept
 *     ip saddr vmap @forward_v4; ct state established,related ip daddr vmap @forward_v4; the same for ip6 }
 *   chain forward_allowed { accept }
 * }
 * ```
 * A packet costs two look-ups, however many attachments there are. The chain comes after those that the node has at the usual priority,
 * and an `accept` ends this chain only: what another chain drops stays dropped. A policy or a rule that the administrator gives the
 * chain `forward` is kept, and keeps it.
 */

import { formatIpAddress, type IpAddress, type IpFamily } from "../spec/ip.ts";
import { isKernelError, KernelError } from "./error.ts";
import { commentOf, elementObject, frameObject, FRAMES, TABLE, TABLE_COMMAND, tagIn } from "./frames.ts";
import { POLICY_ACCEPT, POLICY_DROP } from "./netlink/filter-messages.ts";
import type { Nftables } from "./nftables.ts";
import type { NftCommand, NftElements, NftExpression } from "./nftables-types.ts";

const FORWARD = { ...TABLE, name: "forward" } as const;
const ALLOWED = { ...TABLE, name: "forward_allowed" } as const;
/** After the chains at the usual priority, `filter`, which is 0. */
const PRIORITY = 10;
/** Rules in the chain `forward`, and in `forward_allowed`. What uses the latter beyond them are addresses. */
const FORWARD_RULES = 4;
const ALLOWED_RULES = 1;

/** Most addresses that are removed in one transaction: more are more than a message holds. */
const REMOVED_AT_ONCE = 64;

const FAMILIES = {
  ipv4: { protocol: "ip", map: "forward_v4", type: "ipv4_addr" },
  ipv6: { protocol: "ip6", map: "forward_v6", type: "ipv6_addr" },
} as const;

/** Addresses that one owner has forwarded. */
export interface ForwardedAddresses {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  readonly addresses: readonly IpAddress[];
}

/**
 * Has the addresses forwarded. All in one transaction; what this owner has already is kept.
 * @throws {KernelError} EEXIST when an address is another owner's: then nothing is changed.
 */
export function addForwarded(nftables: Nftables, { tag, addresses }: ForwardedAddresses): void {
  const wanted = withoutDoubles(addresses);
  if (wanted.length === 0) return;
  try {
    create(nftables, tag, wanted);
  } catch (error) {
    if (!isKernelError(error, "EEXIST")) throw error;
    const missing = wanted.filter((address) => !isHeldBy(nftables, tag, address));
    if (missing.length > 0) create(nftables, tag, missing);
  }
}

/**
 * Removes addresses, and with the last one what was made for all. One that is not there, or by now another owner's,
 * is passed over.
 */
export function removeForwarded(nftables: Nftables, { tag, addresses }: ForwardedAddresses): void {
  const held = withoutDoubles(addresses).filter((address) => readForwarded(nftables, address)?.tag === tag);
  for (let start = 0; start < held.length; start += REMOVED_AT_ONCE) {
    const some = held.slice(start, start + REMOVED_AT_ONCE);
    nftables.deleteElements(byMap(some).map(({ map, addresses: keys }) => ({ map, keys })));
  }
  // Looked at first: what the kernel refuses costs a grace period.
  const isUsed = (nftables.getChainUse(ALLOWED) ?? 0) > ALLOWED_RULES;
  if (!isUsed && isAsMade(nftables)) nftables.deleteEmptyFrame(FRAMES.forwarding);
}

/** Looks one address up; `undefined`: it is not there. `tag`: the owner's; `undefined`: somebody else made the element. */
export function readForwarded(
  nftables: Nftables,
  address: IpAddress,
): { readonly tag: string | undefined } | undefined {
  const element = nftables.getElement({ ...TABLE, name: FAMILIES[address.tag].map }, address);
  return element === undefined ? undefined : { tag: tagIn(element.comment) };
}

/** Names the element of an address, and what it is in. */
export function forwardedObjects(address: IpAddress): readonly string[] {
  return [elementObject(FAMILIES[address.tag].map, address), frameObject("forwarding")];
}

/** Makes table, maps, chains and rules again, where they are not there. */
export function restoreForwardChain(nftables: Nftables): void {
  const commands = frameCommands(nftables);
  if (commands.length > 0) nftables.run(commands);
}

/** Tells whether the chain is there, with its rules: it is as long as an address is. */
export function hasForwardChain(nftables: Nftables): boolean {
  return (nftables.getChainUse(FORWARD) ?? 0) >= FORWARD_RULES;
}

/**
 * Has the kernel judge everything that forwarding is made of, and make nothing of it.
 * @throws {KernelError} ENOENT and others where the kernel lacks something.
 */
export function judgeForwarding(nftables: Nftables): void {
  const commands = frameCommands(nftables);
  if (commands.length > 0) nftables.judge(commands);
}

/** Names the chains of iptables, as nftables has them, that drop what no rule of theirs accepts. */
export function droppingChains(nftables: Nftables, families: readonly IpFamily[]): readonly string[] {
  return families.flatMap((each) => {
    const family = FAMILIES[each].protocol;
    const chain = nftables.getChain({ family, table: "filter", name: "FORWARD" });
    return chain?.policy === POLICY_DROP ? [`${family} filter FORWARD`] : [];
  });
}

/** Tells whether the chain has nothing of the administrator's: the rules that it was made with, or none since somebody flushed them. */
function isAsMade(nftables: Nftables): boolean {
  const chain = nftables.getChain(FORWARD);
  return chain?.policy === POLICY_ACCEPT && (chain.use === FORWARD_RULES || chain.use === 0);
}

function isHeldBy(nftables: Nftables, tag: string, address: IpAddress): boolean {
  const found = readForwarded(nftables, address);
  if (found === undefined) return false;
  if (found.tag === tag) return true;
  throw new KernelError("EEXIST", "nft forward", `${formatIpAddress(address)} is another attachment's`);
}

/** Makes elements; first table, maps and chains, where they are not there. */
function create(nftables: Nftables, tag: string, addresses: readonly IpAddress[]): void {
  const frame = frameCommands(nftables);
  try {
    // Looked at first: what the kernel refuses costs a grace period.
    if (frame.length === 0) return createElements(nftables, tag, addresses);
  } catch (error) {
    if (!isKernelError(error, "ENOENT") && !isKernelError(error, "EMSGSIZE")) throw error;
    // The frame went since, or they are more than a message holds.
    frame.push(...frameCommands(nftables));
  }
  // By the library: in one transaction with chains and rules, and however many they are.
  nftables.run([...frame, ...elementCommands(tag, addresses)]);
}

function createElements(nftables: Nftables, tag: string, addresses: readonly IpAddress[]): void {
  nftables.createElements(
    byMap(addresses).map(({ map, addresses: keys }) => ({
      map,
      elements: keys.map((key) => ({ key, chain: ALLOWED.name, comment: commentOf(tag) })),
    })),
  );
}

function elementCommands(tag: string, addresses: readonly IpAddress[]): NftCommand[] {
  return byMap(addresses).map(({ map, addresses: keys }) => {
    const elem = keys.map((key): NftElements["elem"][number] => [
      { elem: { val: formatIpAddress(key), comment: commentOf(tag) } },
      { goto: { target: ALLOWED.name } },
    ]);
    return { create: { element: { ...map, elem } } };
  });
}

/** Table, maps and chains, where they are not there: what the administrator did to them is not undone. */
function frameCommands(nftables: Nftables): NftCommand[] {
  if (hasForwardChain(nftables)) return [];
  const families = Object.values(FAMILIES);
  const answers: NftExpression = {
    match: { op: "in", left: { ct: { key: "state" } }, right: ["established", "related"] },
  };
  const lookUp = (field: "saddr" | "daddr", { protocol, map }: (typeof families)[number]): NftExpression => ({
    vmap: { key: { payload: { protocol, field } }, data: `@${map}` },
  });
  return [
    TABLE_COMMAND,
    ...families.map(({ map, type }): NftCommand => ({ add: { map: { ...TABLE, name: map, type, map: "verdict" } } })),
    { add: { chain: ALLOWED } },
    { flush: { chain: ALLOWED } },
    appendRule(ALLOWED.name, [{ accept: null }]),
    { add: { chain: { ...FORWARD, type: "filter", hook: "forward", prio: PRIORITY, policy: "accept" } } },
    { flush: { chain: FORWARD } },
    ...families.flatMap((family) => [
      appendRule(FORWARD.name, [lookUp("saddr", family)]),
      appendRule(FORWARD.name, [answers, lookUp("daddr", family)]),
    ]),
  ];
}

function appendRule(chain: string, expr: readonly NftExpression[]): NftCommand {
  return { add: { rule: { ...TABLE, chain, expr } } };
}

/** Sorts addresses by the map of their family. */
function byMap(addresses: readonly IpAddress[]): {
  readonly map: typeof TABLE & { readonly name: string };
  readonly addresses: readonly IpAddress[];
}[] {
  return (["ipv4", "ipv6"] as const).flatMap((family) => {
    const own = addresses.filter(({ tag }) => tag === family);
    return own.length === 0 ? [] : [{ map: { ...TABLE, name: FAMILIES[family].map }, addresses: own }];
  });
}

function withoutDoubles(addresses: readonly IpAddress[]): IpAddress[] {
  return [...new Map(addresses.map((address) => [formatIpAddress(address), address])).values()];
}
