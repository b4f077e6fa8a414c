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
import { chainName, hostPrefix } from "./names.ts";
import { rulesInChains, type EnteredChains, type OwnedRules } from "./owned-rules.ts";
import { ownedBy, rule, type SharedChain, SHARED_WORDS } from "./rule-text.ts";

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

/** Masquerades an address. */
export function masqueradeRules(address: MasqueradedAddress): OwnedRules {
  return rulesInChains("nat", () => chainsOf(address));
}

function chainsOf({ tag, address }: MasqueradedAddress): EnteredChains {
  const name = chainName("M", tag, formatIpAddress(address.address));
  const owner = ownedBy(tag);
  const rules = [
    rule(name, "-d", formatIpPrefix(networkOf(address)), ...owner, "-j", "RETURN"),
    rule(name, "-d", MULTICAST[address.address.tag], ...owner, "-j", "RETURN"),
    rule(name, ...owner, "-j", "MASQUERADE"),
  ];
  return {
    entry: rule(CHAIN, "-s", hostPrefix(address.address), ...owner, "-j", name),
    chains: [{ name, rules }],
  };
}
