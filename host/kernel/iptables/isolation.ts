/**
 * @module Bridges whose containers are kept from those of other such bridges, by iptables. Pure.
 *
 * ```
 * *mangle
 * -A FORWARD -m comment --comment cnidaria -j CNIDARIA-ISOLATE
 * -A CNIDARIA-ISOLATE -i cni0 -o cni0 -m comment --comment cnidaria:<tag> -j RETURN
 * -A CNIDARIA-ISOLATE -i cni0 … -j CNIDARIA-ISOLATE-2
 * -A CNIDARIA-ISOLATE-2 -m comment --comment cnidaria
 * -A CNIDARIA-ISOLATE-2 -o cni0 … -j DROP
 * ```
 * A bridge without the rule that returns is closed to itself as well. In the table `mangle`, since an accept in `filter`, ours or the node's, would
 * end the way of a packet before it came here; only what is to be dropped is.
 */
import { rulesInShared, type OwnedRules } from "./owned-rules.ts";
import { ownedBy, type Rule, rule, type SharedChain, SHARED_WORDS } from "./rule-text.ts";

const CHAIN = "CNIDARIA-ISOLATE";
const LEAVING = "CNIDARIA-ISOLATE-2";

/** A bridge that is isolated. */
export interface IsolatedBridge {
  readonly bridge: string;
  /** The containers of the bridge may not reach each other either. */
  readonly isClosed: boolean;
  /** The owner's, 32 hexadecimal digits. */
  readonly tag: string;
}

/** What all bridges share. The second one is made first: the first one leads there. */
export const ISOLATION_CHAINS: readonly SharedChain[] = [
  { table: "mangle", name: LEAVING, jumps: [], rules: [rule(LEAVING, ...SHARED_WORDS)] },
  { table: "mangle", name: CHAIN, jumps: [rule("FORWARD", ...SHARED_WORDS, "-j", CHAIN)], rules: [] },
];

/** Isolates a bridge. */
export function isolationRules(bridge: IsolatedBridge): OwnedRules {
  return rulesInShared("mangle", () => rulesOf(bridge));
}

function rulesOf({ bridge, isClosed, tag }: IsolatedBridge): Rule[] {
  const owner = ownedBy(tag);
  return [
    ...(isClosed ? [] : [rule(CHAIN, "-i", bridge, "-o", bridge, ...owner, "-j", "RETURN")]),
    rule(CHAIN, "-i", bridge, ...owner, "-j", LEAVING),
    rule(LEAVING, "-o", bridge, ...owner, "-j", "DROP"),
  ];
}
