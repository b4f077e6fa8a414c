/**
 * @module Published ports that only some packets are redirected by, in a table of their own: what other ports cost is not changed by it.
 *
 * ```
 * table inet cnidaria_conditions {
 *   map when_any_v4 { tcp . 8080 comment "cnidaria:<tag>" : goto when_<tag>_v4_<hash> }
 *   map ports_any_v4 { tcp . 8080 comment "cnidaria:<tag>" : 10.88.0.2 . 80 }
 *   chain when_<tag>_v4_<hash> { iifname != "eth0" return; ip saddr 192.0.2.0/24 return; goto ports_redirect }
 * }
 * ```
 * A port leads to the chain of its conditions, which returns or goes on to where the port leads. The table is there as long as
 * such a chain is.
 */

import { createHash } from "node:crypto";
import { addressBits, formatIpAddress, formatIpPrefix, networkOf, prefixCovers } from "../spec/ip.ts";
import type { IpFamily, IpPrefix } from "../spec/ip.ts";
import { commentOf } from "./frames.ts";
import type { Frame } from "./netlink/filter-changes.ts";
import type { FrameText, Nftables } from "./nftables.ts";
import type { NftAddressSet, NftCommand, NftExpression, NftLinkName, NftPrefix } from "./nftables-types.ts";

/** The table of ports with conditions. */
export const CONDITIONS_TABLE = { family: "inet", table: "cnidaria_conditions" } as const;

/** Which packets are redirected: those of which all of it holds. The WIT record `conditions`. */
export interface PortConditions {
  /** 1 to 15 letters, digits and `. _ - :`; `undefined`: any. */
  readonly incomingLink?: string | undefined;
  readonly excludedLink?: string | undefined;
  /** One of these; none: any. All lists are of the family of the ports. */
  readonly sources: readonly IpPrefix[];
  readonly excludedSources: readonly IpPrefix[];
  readonly destinations: readonly IpPrefix[];
  readonly excludedDestinations: readonly IpPrefix[];
}

/** The conditions of one owner's ports of a family. */
export interface ConditionChain {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  readonly family: IpFamily;
  readonly conditions: PortConditions;
}

const REDIRECT = { ...CONDITIONS_TABLE, name: "ports_redirect" } as const;
/** Rules in the chain `ports_redirect`. What uses it beyond them are conditions. */
const REDIRECT_RULES = 4;
/** Digits of the hash in the name of a chain: an owner has one or two of them at a time. */
const HASH_DIGITS = 12;

/** What conditions of ports are made of. */
export const PARTS: Frame = {
  table: CONDITIONS_TABLE,
  chains: ["ports_redirect", "ports_in", "ports_out", "ports_judge"],
  maps: ["v4", "any_v4", "v6", "any_v6"].flatMap((name) => [`when_${name}`, `ports_${name}`]),
};

/** Everything but conditions and elements. The chains come right after those of ports without conditions. */
const FRAME = `
add table inet cnidaria_conditions { comment "made by cnidaria"; }
add map inet cnidaria_conditions when_v4 { type ipv4_addr . inet_proto . inet_service : verdict; }
add map inet cnidaria_conditions when_any_v4 { type inet_proto . inet_service : verdict; }
add map inet cnidaria_conditions when_v6 { type ipv6_addr . inet_proto . inet_service : verdict; }
add map inet cnidaria_conditions when_any_v6 { type inet_proto . inet_service : verdict; }
add map inet cnidaria_conditions ports_v4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
add map inet cnidaria_conditions ports_any_v4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
add map inet cnidaria_conditions ports_v6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
add map inet cnidaria_conditions ports_any_v6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
add chain inet cnidaria_conditions ports_redirect
add chain inet cnidaria_conditions ports_judge
add chain inet cnidaria_conditions ports_in { type nat hook prerouting priority -89; policy accept; }
add chain inet cnidaria_conditions ports_out { type nat hook output priority -89; policy accept; }
flush chain inet cnidaria_conditions ports_redirect
flush chain inet cnidaria_conditions ports_judge
flush chain inet cnidaria_conditions ports_in
flush chain inet cnidaria_conditions ports_out
add rule inet cnidaria_conditions ports_redirect dnat ip to ip daddr . meta l4proto . th dport map @ports_v4
add rule inet cnidaria_conditions ports_redirect dnat ip to meta l4proto . th dport map @ports_any_v4
add rule inet cnidaria_conditions ports_redirect dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports_v6
add rule inet cnidaria_conditions ports_redirect dnat ip6 to meta l4proto . th dport map @ports_any_v6
add rule inet cnidaria_conditions ports_judge ip6 daddr ::1 return
add rule inet cnidaria_conditions ports_judge ip daddr . meta l4proto . th dport vmap @when_v4
add rule inet cnidaria_conditions ports_judge meta nfproto ipv4 meta l4proto . th dport vmap @when_any_v4
add rule inet cnidaria_conditions ports_judge ip6 daddr . meta l4proto . th dport vmap @when_v6
add rule inet cnidaria_conditions ports_judge meta nfproto ipv6 meta l4proto . th dport vmap @when_any_v6
add rule inet cnidaria_conditions ports_in fib daddr type local jump ports_judge
add rule inet cnidaria_conditions ports_out fib daddr type local jump ports_judge
` as FrameText;

/** Names the chain of conditions: the same conditions of the same owner have the same. */
export function conditionChainName({ tag, family, conditions }: ConditionChain): string {
  const lists = ["sources", "excludedSources", "destinations", "excludedDestinations"] as const;
  const text = JSON.stringify([
    conditions.incomingLink ?? null,
    conditions.excludedLink ?? null,
    ...lists.map((list) => conditions[list].map(formatIpPrefix)),
  ]);
  const hash = createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS);
  return `when_${tag}_${family === "ipv4" ? "v4" : "v6"}_${hash}`;
}

/** Makes the chains of conditions, which nothing leads to yet. One that is there is made as it should be. */
export function addConditions(nftables: Nftables, chains: readonly ConditionChain[]): void {
  if (chains.length === 0) return;
  // Looked at first: what the kernel refuses costs a grace period.
  if (nftables.getChainUse(REDIRECT) === undefined) nftables.runFrame(FRAME);
  nftables.run(chains.flatMap(chainCommands));
}

/** Counts the rules of a chain of conditions. */
export function countConditionRules(chain: ConditionChain): number {
  return rulesOf(chain).length;
}

/** Counts what uses a chain of conditions: its rules, and the ports that lead to it; `undefined`: it is not there. */
export function getConditionsUse(nftables: Nftables, name: string): number | undefined {
  return nftables.getChainUse({ ...CONDITIONS_TABLE, name });
}

/** Removes chains of conditions that no port leads to, and with the last one what was made for all. */
export function removeConditions(nftables: Nftables, names: readonly string[]): void {
  for (const name of names) {
    if (getConditionsUse(nftables, name) === undefined) continue;
    nftables.deleteEmptyFrame({ table: CONDITIONS_TABLE, chains: [name], maps: [] });
  }
  // Looked at first, as well.
  if (nftables.getChainUse(REDIRECT) === REDIRECT_RULES) nftables.deleteEmptyFrame(PARTS);
}

/**
 * Has the kernel judge everything that conditions are made of, and make nothing of it.
 * @throws {KernelError} ENOENT and others where the kernel lacks something.
 */
export function judgeConditions(nftables: Nftables): void {
  if (nftables.getChainUse(REDIRECT) === undefined) nftables.judgeFrame(FRAME);
}

function chainCommands(chain: ConditionChain): NftCommand[] {
  const name = conditionChainName(chain);
  const at = { ...CONDITIONS_TABLE, name };
  const comment = commentOf(chain.tag);
  return [
    { add: { chain: at } },
    { flush: { chain: at } },
    ...rulesOf(chain).map((expr): NftCommand => ({
      add: { rule: { ...CONDITIONS_TABLE, chain: name, expr, comment } },
    })),
  ];
}

/** Each rule but the last lets go of what a condition does not hold for. */
function rulesOf({ family, conditions }: ConditionChain): NftExpression[][] {
  const { incomingLink, excludedLink, sources, excludedSources, destinations, excludedDestinations } = conditions;
  return [
    ...(incomingLink === undefined ? [] : [[matchLink("!=", incomingLink), RETURN]]),
    ...(excludedLink === undefined ? [] : [[matchLink("==", excludedLink), RETURN]]),
    ...withinRules(family, "saddr", sources),
    ...outsideRules(family, "saddr", excludedSources),
    ...withinRules(family, "daddr", destinations),
    ...outsideRules(family, "daddr", excludedDestinations),
    [{ goto: { target: REDIRECT.name } }],
  ];
}

const RETURN: NftExpression = { return: null };
const COMES_BY: NftLinkName = { meta: { key: "iifname" } };

function matchLink(op: "==" | "!=", right: string): NftExpression {
  return { match: { op, left: COMES_BY, right } };
}

function withinRules(family: IpFamily, field: "saddr" | "daddr", among: readonly IpPrefix[]): NftExpression[][] {
  if (among.length === 0 || among.some(isEverything)) return [];
  return [[matchAddress(family, field, { op: "!=", among }), RETURN]];
}

function outsideRules(family: IpFamily, field: "saddr" | "daddr", among: readonly IpPrefix[]): NftExpression[][] {
  if (among.length === 0) return [];
  return [among.some(isEverything) ? [RETURN] : [matchAddress(family, field, { op: "==", among }), RETURN]];
}

/** The packet filter knows no prefix without a bit. */
function isEverything({ prefixLength }: IpPrefix): boolean {
  return prefixLength === 0;
}

function matchAddress(
  family: IpFamily,
  field: "saddr" | "daddr",
  { op, among }: { readonly op: "==" | "!="; readonly among: readonly IpPrefix[] },
): NftExpression {
  const [first, ...others] = withoutInner(among).map(valueOf);
  if (first === undefined) throw new Error("unreachable: a condition of no address");
  const right: NftAddressSet = others.length === 0 ? first : { set: [first, ...others] };
  return { match: { op, left: { payload: { protocol: family === "ipv4" ? "ip" : "ip6", field } }, right } };
}

/** Leaves out what lies in another one: the packet filter refuses a set of it. */
function withoutInner(prefixes: readonly IpPrefix[]): readonly IpPrefix[] {
  const networks = [...new Map(prefixes.map(networkOf).map((each) => [formatIpPrefix(each), each])).values()];
  return networks.filter((inner) => !networks.some((outer) => outer !== inner && prefixCovers(outer, inner)));
}

function valueOf({ address, prefixLength }: IpPrefix): string | NftPrefix {
  const addr = formatIpAddress(address);
  return prefixLength === addressBits(address.tag) ? addr : { prefix: { addr, len: prefixLength } };
}
