/**
 * @module What the node forwards to and from attachments, by iptables. Pure.
 *
 * ```
 * *filter
 * -A FORWARD -m comment --comment cnidaria -j CNIDARIA-FORWARD
 * -A CNIDARIA-FORWARD -s 10.88.0.2/32 -m comment --comment cnidaria:<tag> -j ACCEPT
 * -A CNIDARIA-FORWARD -d 10.88.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED,DNAT … -j ACCEPT
 * ```
 * What has a state `DNAT` was redirected to the container, by a published port: that was asked for.
 *
 * The jump comes last in FORWARD, after whatever the node has; but before a last rule that drops or rejects everything, which is a policy in
 * other words.
 */
import type { IpAddress } from "../../spec/ip.ts";
import type { BaseChain } from "./iptables.ts";
import { hostPrefix } from "./names.ts";
import { rulesInShared, type OwnedRules } from "./owned-rules.ts";
import { append, insert, ownedBy, type Rule, rule, type SharedChain, SHARED_WORDS, type Step } from "./rule-text.ts";

const CHAIN = "CNIDARIA-FORWARD";
/** A rule of FORWARD without a condition that ends what is forwarded. */
const DROPS_ALL =
  /^-A FORWARD(?: -m comment --comment (?:"(?:[^"\\]|\\.)*"|\S+))? -j (?:DROP|REJECT(?: --reject-with \S+)?)$/u;

/** An address that is forwarded for an owner. */
export interface ForwardedAddress {
  /** 32 hexadecimal digits. */
  readonly tag: string;
  readonly address: IpAddress;
}

/** What all addresses share. */
export const FORWARD_CHAINS: readonly SharedChain[] = [
  { table: "filter", name: CHAIN, jumps: [rule("FORWARD", ...SHARED_WORDS, "-j", CHAIN)], rules: [] },
];

/** Says where the jump goes, in a chain that is as it was read. */
export function placeOfJump({ rules }: BaseChain): (jump: Rule) => Step {
  return dropsAll(rules) ? (jump) => insert(jump, rules.length) : append;
}

/** Tells whether a chain drops whatever none of its rules accepts, by its policy or by its last rule. */
export function dropsByDefault({ policy, rules }: BaseChain): boolean {
  return policy === "DROP" || dropsAll(rules);
}

/** Has an address forwarded. */
export function forwardRules(address: ForwardedAddress): OwnedRules {
  return rulesInShared("filter", () => rulesOf(address));
}

function rulesOf({ tag, address }: ForwardedAddress): Rule[] {
  const prefix = hostPrefix(address);
  const owner = ownedBy(tag);
  const answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED,DNAT"];
  return [
    rule(CHAIN, "-s", prefix, ...owner, "-j", "ACCEPT"),
    rule(CHAIN, "-d", prefix, ...answers, ...owner, "-j", "ACCEPT"),
  ];
}

function dropsAll(rules: readonly string[]): boolean {
  return DROPS_ALL.test(rules.at(-1) ?? "");
}
