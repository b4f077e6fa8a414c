/**
 * @module Routing policy rules of a container in memory.
 */
import type { Rule } from "cnidaria:plugin/container-rules@0.1.0";

import { formatPrefix } from "../../../guests/sdk/ip-text.ts";
import { ImportFailure } from "../fakes.ts";

/** The rules, each of them one owner's. */
export class SimulatedRules {
  #rules = new Map<string, { readonly rule: Rule; readonly owner: string }>();

  /** Every rule, a line each. */
  inventory(): string[] {
    return [...this.#rules].map(([key, { owner }]) => `rule ${key} ${owner}`);
  }

  /** Gives a function that undoes everything since. */
  remember(): () => void {
    const state = structuredClone(this.#rules);
    return () => {
      this.#rules = state;
    };
  }

  /** What the host does after DEL: the owner's rules go. `undefined`: everybody's, with the namespace. */
  putBack(owner?: string): void {
    for (const [key, each] of this.#rules) if (owner === undefined || each.owner === owner) this.#rules.delete(key);
  }

  /** Makes the interface `container-rules` of an owner. */
  importsFor(owner: string): Readonly<Record<string, unknown>> {
    return {
      add: (_container: unknown, rules: Rule[]) => {
        if (rules.some((rule) => this.#rules.has(keyOf(rule)))) throw new ImportFailure("already-exists");
        for (const rule of rules) this.#rules.set(keyOf(rule), { rule, owner });
      },
      list: () => [...this.#rules.values()].map(({ rule }) => rule),
      freeTables: (_container: unknown, from: number, count: number) => {
        const used = new Set([...this.#rules.values()].map(({ rule }) => rule.table));
        const free: number[] = [];
        for (let table = from; free.length < count; table += 1) if (!used.has(table)) free.push(table);
        return free;
      },
      delete: (_container: unknown, rules: Rule[]) => rules.forEach((rule) => this.#rules.delete(keyOf(rule))),
    };
  }
}

function keyOf({ source, table }: Rule): string {
  return `${formatPrefix(source)} ${table}`;
}
