/**
 * @module Leases in memory, for one attachment and what others took: round robin as the host's.
 */
import type { Lease, LeaseRange } from "cnidaria:plugin/leases@0.1.0";
import type { IpAddress } from "cnidaria:plugin/types@0.1.0";

import type { HostLocalImports } from "../../guests/host-local/imports.ts";
import { addressesEqual, compareAddresses, nextAddress } from "../../guests/sdk/ip.ts";
import { ImportFailure } from "./fakes.ts";
import { ip } from "./requests.ts";

/** What the attachment has, and what is taken by others. */
export interface LeaseStore {
  readonly leases: HostLocalImports["leases"];
  readonly own: Lease[];
}

/** Makes a store. `taken`: addresses of others; `last`: the address given last, by set. */
export function leaseStore(taken: readonly string[] = [], last: Readonly<Record<number, string>> = {}): LeaseStore {
  const others = taken.map(ip);
  const own: Lease[] = [];
  const cursors = new Map(Object.entries(last).map(([set, text]) => [Number(set), ip(text)]));
  const isTaken = (address: IpAddress): boolean =>
    [...others, ...own.map((lease) => lease.address)].some((each) => addressesEqual(each, address));
  const freeOf = (ranges: readonly LeaseRange[], excluded: readonly IpAddress[]): IpAddress[] =>
    ranges
      .flatMap(addressesOf)
      .filter((address) => !isTaken(address) && !excluded.some((each) => addressesEqual(each, address)));
  return {
    own,
    leases: {
      reserveNext(setIndex, ranges, excluded) {
        if (own.some((lease) => lease.setIndex === setIndex)) throw new ImportFailure("already-exists");
        const all = ranges.flatMap(addressesOf);
        const cursor = cursors.get(setIndex);
        const start = cursor === undefined ? 0 : all.findIndex((address) => addressesEqual(address, cursor)) + 1;
        const free = freeOf(ranges, excluded);
        const address = [...all.slice(start), ...all.slice(0, start)].find(
          (each) => free.includes(each) || free.some((one) => addressesEqual(one, each)),
        );
        if (address === undefined) throw new ImportFailure("exhausted");
        own.push({ address, setIndex });
        cursors.set(setIndex, address);
        return address;
      },
      reserve(setIndex, address) {
        if (isTaken(address)) throw new ImportFailure("taken");
        own.push({ address, setIndex });
      },
      list: () => [...own],
      release() {
        own.length = 0;
      },
      countFree: (ranges, excluded) => String(freeOf(ranges, excluded).length),
    },
  };
}

/** Every address of a range; for small ranges. */
function addressesOf({ first, last }: LeaseRange): IpAddress[] {
  const addresses: IpAddress[] = [];
  let next: IpAddress | undefined = first;
  while (next !== undefined && compareAddresses(next, last) <= 0 && addresses.length < 1024) {
    addresses.push(next);
    next = nextAddress(next);
  }
  return addresses;
}
