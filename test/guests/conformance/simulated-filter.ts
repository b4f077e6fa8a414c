/**
 * @module The packet filter of the simulated node: what is masqueraded and forwarded, and for whom.
 */
import type { IpAddress, IpPrefix } from "cnidaria:plugin/types@0.1.0";

import { formatAddress, formatPrefix } from "../../../guests/sdk/ip-text.ts";
import { ImportFailure } from "../fakes.ts";
import type { TestImports } from "../instantiate.ts";
import { cidr, ip } from "../requests.ts";

type Owners = Map<string, string>;

/** By address, who has it. */
export class SimulatedFilter {
  #masqueraded: Owners = new Map();
  #forwarded: Owners = new Map();

  /** Everything that is there. */
  inventory(): string[] {
    return [
      ...[...this.#masqueraded].map(([address, owner]) => `masquerade ${address} ${owner}`),
      ...[...this.#forwarded].map(([address, owner]) => `forward ${address} ${owner}`),
    ];
  }

  /** Gives a function that undoes everything since. */
  remember(): () => void {
    const state = structuredClone([this.#masqueraded, this.#forwarded] as const);
    return () => {
      [this.#masqueraded, this.#forwarded] = state;
    };
  }

  /** Answers the imports of one call. */
  importsFor(owner: string): TestImports {
    return { masquerade: this.#masquerade(owner), "forward-rules": this.#forwardRules(owner) };
  }

  #masquerade(owner: string): Readonly<Record<string, unknown>> {
    return {
      set: (addresses: IpPrefix[]) => {
        if (addresses.some((address) => this.#masqueraded.has(formatPrefix(address))))
          throw new ImportFailure("conflict");
        for (const address of addresses) this.#masqueraded.set(formatPrefix(address), owner);
      },
      list: () => textsOf(this.#masqueraded, owner).map(cidr),
      remove: () => removeAll(this.#masqueraded, owner),
    };
  }

  #forwardRules(owner: string): Readonly<Record<string, unknown>> {
    return {
      allow: (addresses: IpAddress[]) => {
        for (const address of addresses) this.#forwarded.set(formatAddress(address), owner);
      },
      list: () => textsOf(this.#forwarded, owner).map(ip),
      remove: () => removeAll(this.#forwarded, owner),
      obstacles: () => [],
    };
  }
}

function textsOf(owners: Owners, owner: string): string[] {
  return [...owners].filter(([, each]) => each === owner).map(([text]) => text);
}

function removeAll(owners: Owners, owner: string): void {
  for (const text of textsOf(owners, owner)) owners.delete(text);
}
