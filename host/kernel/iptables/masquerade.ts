/**
 * @module Masquerading by iptables: a chain for each address, entered from a shared one. Pure.
 *
 * ```
 * *nat
 * -A POSTROUTING -m comment --comment cnidaria -j CNIDARIA-MASQ
 * -A CNIDARIA-MASQ -s 10.88.0.2/32 -m comment --comment cnidaria:<tag> -j CNIDARIA-M-<hash>
 * -A CNIDARIA-M-<hash> -d 10.88.0.0/16 … -j RETURN
 * -A CNIDARIA-M-<hash> -d 224.0.0.0/4 … -j RETURN
 * -A CNIDARIA-M-<hash> … -j MASQUERADE
 * ```
 */
import { formatIpAddress, formatIpPrefix, networkOf, type IpPrefix } from "../../spec/ip.ts";
import type { WantedRules } from "./iptables.ts";
import { chainName, hostPrefix } from "./names.ts";
import {
  append,
  makeChain,
  ownedBy,
  remove,
  removeChain,
  type Rule,
  rule,
  type SharedChain,
  SHARED_WORDS,
  type TableChanges,
} from "./rule-text.ts";

const CHAIN = "CNIDARIA-MASQ";
const MULTICAST = { ipv4: "224.0.0.0/4", ipv6: "ff00::/8" } as const;

/** An address that is masqueraded for an owner. */
export interface MasqueradedAddress {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  /** With the prefix of its subnet. */
  readonly address: IpPrefix;
}

/** What all addresses share. */
export const MASQUERADE_CHAINS: readonly SharedChain[] = [
  { table: "nat", name: CHAIN, jumps: [rule("POSTROUTING", ...SHARED_WORDS, "-j", CHAIN)], rules: [] },
];

/** Masquerades an address. `again`: it may be masqueraded for this owner already. */
export function masquerade(address: MasqueradedAddress, again: boolean): TableChanges {
  const { name, entry, rules } = rulesOf(address);
  return { table: "nat", steps: [makeChain(name, rules), ...(again ? [remove(entry)] : []), append(entry)] };
}

/** Ends it. */
export function endMasquerade(address: MasqueradedAddress): TableChanges {
  const { name, entry } = rulesOf(address);
  return { table: "nat", steps: [makeChain(name, []), remove(entry), removeChain(name)] };
}

/** Gives the rules that should be there. */
export function masqueradeRules(address: MasqueradedAddress): WantedRules {
  const { entry, rules } = rulesOf(address);
  return { table: "nat", rules: [entry, ...rules] };
}

function rulesOf({ tag, address }: MasqueradedAddress): {
  readonly name: string;
  readonly entry: Rule;
  readonly rules: Rule[];
} {
  const name = chainName("M", tag, formatIpAddress(address.address));
  const owner = ownedBy(tag);
  return {
    name,
    entry: rule(CHAIN, "-s", hostPrefix(address.address), ...owner, "-j", name),
    rules: [
      rule(name, "-d", formatIpPrefix(networkOf(address)), ...owner, "-j", "RETURN"),
      rule(name, "-d", MULTICAST[address.address.tag], ...owner, "-j", "RETURN"),
      rule(name, ...owner, "-j", "MASQUERADE"),
    ],
  };
}
