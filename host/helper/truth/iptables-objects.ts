/**
 * @module What of iptables is Cnidaria's, whichever variant has it.
 */
import type { IptablesTarget } from "../../kernel/iptables/iptables.ts";
import { fingerprintOf, isOwnChain, listOwn } from "../../kernel/iptables/listing.ts";
import type { OwnChain, OwnRule } from "../../kernel/iptables/listing.ts";
import { isInstalled, VARIANTS } from "../../kernel/iptables/programs.ts";
import { makeChain, remove, removeChain, rule as checked } from "../../kernel/iptables/rule-text.ts";
import type { Rule, Step } from "../../kernel/iptables/rule-text.ts";
import { chainId, ruleId } from "../iptables-things.ts";
import type { HelperState } from "../state.ts";
import type { TaggedObject } from "./objects.ts";

/** Of which family, for people. */
const FAMILIES = { ipv4: "IPv4", ipv6: "IPv6" } as const;

/** Chains of iptables that are Cnidaria's, of a variant and a family. */
export interface OwnOfTarget {
  readonly target: IptablesTarget;
  readonly chains: readonly OwnChain[];
}

/** Reads all of it. */
export async function readIptables({ node }: Pick<HelperState, "node">): Promise<readonly OwnOfTarget[]> {
  const found: OwnOfTarget[] = [];
  for (const variant of VARIANTS.filter(isInstalled))
    for (const family of ["ipv4", "ipv6"] as const) {
      const target = { variant, family };
      found.push({ target, chains: await listOwn(node.netns, target) });
    }
  return found;
}

/** Lists all of it in the order in which it can be removed: ways into a chain before the chain. */
export async function iptablesObjects(state: HelperState): Promise<readonly TaggedObject[]> {
  return (await readIptables(state)).flatMap(({ target, chains }) => {
    const ours = chains.filter(({ name }) => name.startsWith("CNIDARIA-")).toSorted(byPurpose);
    const shared = ours.filter(({ name }) => !isOwnChain(name));
    const own = ours.filter(({ name }) => isOwnChain(name));
    return [
      ...shared.flatMap((chain) =>
        chain.rules.filter(({ tag }) => tag !== undefined).map((rule) => ruleObject(state, target, { chain, rule })),
      ),
      ...own.map((chain) => chainObject(state, target, { chain, ways: [] })),
      ...shared.map((chain) => chainObject(state, target, { chain, ways: waysTo(chain, chains) })),
    ];
  });
}

/** Rules of iptables' own chains that lead to a chain. */
function waysTo({ table, name }: OwnChain, chains: readonly OwnChain[]): readonly OwnRule[] {
  return chains
    .filter((each) => each.table === table)
    .flatMap(({ rules }) => rules.filter(({ words }) => words.at(-1) === name && words.at(-2) === "-j"));
}

/** A chain that leads to another one goes first. */
function byPurpose({ name: left }: OwnChain, { name: right }: OwnChain): number {
  return left < right ? -1 : 1;
}

function ruleObject(
  state: HelperState,
  target: IptablesTarget,
  { chain: { table, name }, rule }: { readonly chain: OwnChain; readonly rule: OwnRule },
): TaggedObject {
  const said = fingerprintOf(rule);
  return {
    id: ruleId(target, { table, chain: name, fingerprint: said }),
    tag: rule.tag,
    description: `rule ${JSON.stringify(said)} in chain ${name} of ${target.variant}, ${FAMILIES[target.family]}`,
    remove: () => changeTo(state, target, { table, steps: [removal(rule)] }),
  };
}

function chainObject(
  state: HelperState,
  target: IptablesTarget,
  { chain: { table, name, rules }, ways }: { readonly chain: OwnChain; readonly ways: readonly OwnRule[] },
): TaggedObject {
  return {
    id: chainId(target, { table, chain: name }),
    tag: isOwnChain(name) ? rules.find(({ tag }) => tag !== undefined)?.tag : undefined,
    description: `chain ${name} of ${target.variant}, ${FAMILIES[target.family]}, table ${table}`,
    remove: () =>
      changeTo(state, target, { table, steps: [makeChain(name, []), ...ways.map(removal), removeChain(name)] }),
  };
}

/** Words that were read are checked as those that are written. */
function removal({ chain, words }: Rule): Step {
  return remove(checked(chain, ...words));
}

function changeTo(
  { node }: HelperState,
  target: IptablesTarget,
  change: { readonly table: OwnChain["table"]; readonly steps: readonly Step[] },
): Promise<void> {
  return node.iptables().change(target, [change]);
}
