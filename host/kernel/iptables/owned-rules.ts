/**
 * @module What one owner has in a table: made, ended and looked for in the same way, whatever it is for. Pure.
 */
import type { WantedRules } from "./iptables.ts";
import { append, makeChain, remove, removeChain, type Rule, type TableChanges, type TableName } from "./rule-text.ts";

/** Rules of one owner. */
export interface OwnedRules {
  /** Makes them. `again`: they may be there already. */
  readonly make: (again: boolean) => TableChanges;
  /** Ends them. What is not there is passed over. */
  readonly end: () => TableChanges;
  /** Gives those that should be there. */
  readonly rules: () => WantedRules;
}

/** Chains of the owner's own, and the rule of a shared one that leads there. */
export interface EnteredChains {
  readonly entry: Rule;
  /** In the order in which a packet takes them; one at least. */
  readonly chains: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

/** Rules in chains that are shared. */
export function rulesInShared(table: TableName, rulesOf: () => readonly Rule[]): OwnedRules {
  return {
    make: (again) => ({ table, steps: [...(again ? rulesOf().map(remove) : []), ...rulesOf().map(append)] }),
    end: () => ({ table, steps: rulesOf().map(remove) }),
    rules: () => ({ table, rules: rulesOf() }),
  };
}

/** Rules in chains of the owner's own. */
export function rulesInChains(table: TableName, chainsOf: () => EnteredChains): OwnedRules {
  return {
    make: (again) => {
      const { entry, chains } = chainsOf();
      const made = chains.toReversed().map(({ name, rules }) => makeChain(name, rules));
      return { table, steps: [...made, ...(again ? [remove(entry)] : []), append(entry)] };
    },
    end: () => {
      const { entry, chains } = chainsOf();
      // A rule that leads to no chain cannot even be named.
      const named = chains.slice(0, 1).map(({ name }) => makeChain(name, []));
      return { table, steps: [...named, remove(entry), ...chains.map(({ name }) => removeChain(name))] };
    },
    rules: () => {
      const { entry, chains } = chainsOf();
      return { table, rules: [entry, ...chains.flatMap(({ rules }) => rules)] };
    },
  };
}
