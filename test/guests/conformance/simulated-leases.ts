/**
 * @module Leases of a network in memory.
 */
import type { Lease, LeaseRange } from "cnidaria:plugin/leases@0.1.0";
import type { IpAddress } from "cnidaria:plugin/types@0.1.0";

import { addressesEqual, compareAddresses, nextAddress } from "../../../guests/sdk/ip.ts";
import { formatAddress } from "../../../guests/sdk/ip-text.ts";
import { ImportFailure } from "../fakes.ts";

/** The leases, each of them one owner's. */
export class SimulatedLeases {
  #leases = new Map<string, Lease & { owner: string }>();

  /** Every lease, a line each. */
  inventory(): string[] {
    return [...this.#leases].map(([address, { owner }]) => `lease ${address} ${owner}`);
  }

  /** Gives a function that undoes everything since. */
  remember(): () => void {
    const state = structuredClone(this.#leases);
    return () => {
      this.#leases = state;
    };
  }

  /** Makes the interface `leases` of an owner. */
  importsFor(owner: string): Readonly<Record<string, unknown>> {
    const own = (): Lease[] => [...this.#leases.values()].filter((lease) => lease.owner === owner);
    const take = (setIndex: number, address: IpAddress): void => {
      if (this.#leases.has(formatAddress(address))) throw new ImportFailure("taken");
      this.#leases.set(formatAddress(address), { address, setIndex, owner });
    };
    return {
      reserveNext: (setIndex: number, ranges: LeaseRange[], excluded: IpAddress[]) => {
        if (own().some((lease) => lease.setIndex === setIndex)) throw new ImportFailure("already-exists");
        const address = this.#firstFree(ranges, excluded);
        if (address === undefined) throw new ImportFailure("exhausted");
        take(setIndex, address);
        return address;
      },
      reserve: take,
      list: () => own().map(({ address, setIndex }) => ({ address, setIndex })),
      release: () => own().forEach(({ address }) => this.#leases.delete(formatAddress(address))),
      countFree: (ranges: LeaseRange[], excluded: IpAddress[]) =>
        this.#firstFree(ranges, excluded) === undefined ? "0" : "1",
    };
  }

  #firstFree(ranges: readonly LeaseRange[], excluded: readonly IpAddress[]): IpAddress | undefined {
    for (const { first, last } of ranges) {
      let address: IpAddress | undefined = first;
      while (address !== undefined && compareAddresses(address, last) <= 0) {
        const candidate: IpAddress = address;
        if (!this.#leases.has(formatAddress(candidate)) && !excluded.some((each) => addressesEqual(each, candidate)))
          return candidate;
        address = nextAddress(candidate);
      }
    }
    return undefined;
  }
}
