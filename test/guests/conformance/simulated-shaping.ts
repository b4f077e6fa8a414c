/**
 * @module Rates of a node in memory, on the node's end of one link.
 */
import type { LinkInfo } from "cnidaria:plugin/container-links@0.1.0";
import type { Rates } from "cnidaria:plugin/shaping@0.1.0";

import { ImportFailure } from "../fakes.ts";

/** Name of the one link of the node that there is for every attachment. */
export const NODE_END = "peer-eth0";

/** The rates. */
export class SimulatedShaping {
  #rates = new Map<string, Rates>();

  /** Every rate, a line each. */
  inventory(): string[] {
    return [...this.#rates].map(([owner, rates]) => `rates ${owner} ${JSON.stringify(rates)}`);
  }

  /** Gives a function that undoes everything since. */
  remember(): () => void {
    const state = structuredClone(this.#rates);
    return () => {
      this.#rates = state;
    };
  }

  /** Makes the interface `shaping` of an owner. */
  importsFor(owner: string, link: LinkInfo): Readonly<Record<string, unknown>> {
    return {
      find: () => ({ ...link, name: NODE_END }),
      set: (name: string, rates: Rates) => {
        if (name !== NODE_END) throw new ImportFailure("not-permitted");
        this.#rates.set(owner, rates);
        return rates.egress === undefined ? undefined : { ...link, name: "bwp0", kind: "ifb" };
      },
      get: () => this.#rates.get(owner) ?? {},
      remove: () => void this.#rates.delete(owner),
    };
  }
}
