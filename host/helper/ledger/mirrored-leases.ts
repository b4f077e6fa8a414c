/**
 * @module Leases that are in host-local's store as well: an address that either has is nobody else's.
 *
 * The lease is written first and removed last, so that a helper that dies between leaves a lease, which recovery releases. Locks are taken in
 * one order, the ledger's and then the store's: nothing is asked of the ledger while the store is locked.
 */
import type { IpAddress } from "../../spec/ip.ts";
import type { HostLocalStore } from "../host-local-store.ts";
import type { AttachmentKey } from "../protocol.ts";
import { familyNumberOf, numberOf, numberRangesOf } from "./addresses.ts";
import type { Context } from "./database.ts";
import { whereOfLeases } from "./lease-rows.ts";
import type { LeaseTable } from "./leases.ts";
import type {
  Lease,
  LeaseFilter,
  LeaseRange,
  LeaseStore,
  NextAddress,
  TakenOver,
  TakeOverOutcome,
} from "./lease-records.ts";
import type { Owner } from "./records.ts";

type Wanted = Parameters<LeaseStore["reserve"]>[1];

/** The table of leases with the store beside it. */
export class MirroredLeases implements LeaseStore {
  readonly #context: Context;
  readonly #table: LeaseTable;
  readonly #store: HostLocalStore;

  constructor(context: Context, table: LeaseTable, store: HostLocalStore) {
    this.#context = context;
    this.#table = table;
    this.#store = store;
  }

  reserveNext(owner: Owner, wanted: NextAddress): ReturnType<LeaseStore["reserveNext"]> {
    const { network } = owner;
    const isTaken = (address: IpAddress): boolean => this.#store.isTaken(network, address);
    for (;;) {
      const after = this.#store.last(network, wanted.setIndex) ?? wanted.after;
      const outcome = this.#table.reserveNext(owner, { ...wanted, after, isTaken });
      if ("failed" in outcome) return outcome;
      const { reserved } = outcome;
      // Otherwise the reference was faster: it has the address now, and another one is looked for.
      if (this.#mirror(owner, reserved, () => this.#store.setLast(network, wanted.setIndex, reserved))) return outcome;
    }
  }

  reserve(owner: Owner, wanted: Wanted): "reserved" | "taken" {
    if (this.#store.isTaken(owner.network, wanted.address)) return "taken";
    const outcome = this.#table.reserve(owner, wanted);
    if (outcome === "taken") return outcome;
    return this.#mirror(owner, wanted.address, () => undefined) ? "reserved" : "taken";
  }

  list(filter: LeaseFilter): Lease[] {
    return this.#table.list(filter);
  }

  release(filter: LeaseFilter): number {
    if (whereOfLeases(filter).values.length === 0) return 0;
    return this.#context.database.transaction(() => {
      this.#removeFiles(this.#table.list(filter));
      return this.#table.release(filter);
    });
  }

  countFree(network: string, ranges: readonly LeaseRange[], excluded: readonly IpAddress[]): bigint {
    const numbers = numberRangesOf(ranges);
    const foreign = this.#store.addresses(network).filter((address) => {
      const [family, value] = [familyNumberOf(address), numberOf(address)];
      const isInside = numbers.some((each) => each.family === family && each.first <= value && value <= each.last);
      return isInside && this.#table.ownerOf(network, address) === undefined;
    });
    return this.#table.countFree(network, ranges, [...excluded, ...foreign]);
  }

  generation(network: string): string {
    return `${this.#table.generation(network)} ${this.#store.generation(network)}`;
  }

  ownerOf(network: string, address: IpAddress): AttachmentKey | undefined {
    const known = this.#table.ownerOf(network, address);
    if (known !== undefined) return known;
    const found = this.#store.ownerOf(network, address);
    return found === undefined ? undefined : { network, ...found };
  }

  takeOver(taken: TakenOver): TakeOverOutcome {
    return this.#context.database.transaction(() => {
      const outcome = this.#table.takeOver(taken);
      this.#putFiles(this.#table.list({ network: taken.network, operationId: taken.operationId }));
      return outcome;
    });
  }

  /** Makes both agree, after a time without the store: each lease gets its file. Gives the leases whose address somebody else has there. */
  agree(): readonly Lease[] {
    return this.#context.database.transaction(() => this.#putFiles(this.#table.list({})));
  }

  /** Removes the files of leases of the time before the machine's restart. */
  removeFormer(): void {
    this.#removeFiles(this.#table.listFormer());
  }

  /** Writes the file of a lease that was just given; `false`: somebody else has the address, and the lease is taken back. */
  #mirror(owner: Owner, address: IpAddress, then: () => void): boolean {
    const { network } = owner;
    let isOurs = false;
    try {
      isOurs = this.#store.locked(network, () => {
        if (!this.#store.put(network, address, owner)) return false;
        then();
        return true;
      });
      return isOurs;
    } finally {
      if (!isOurs) this.#table.withdraw(network, address);
    }
  }

  #putFiles(leases: readonly Lease[]): readonly Lease[] {
    return this.#inEachNetwork(leases, (lease) => this.#store.put(lease.network, lease.address, lease));
  }

  #removeFiles(leases: readonly Lease[]): void {
    this.#inEachNetwork(leases, (lease) => {
      this.#store.remove(lease.network, lease.address, lease);
      return true;
    });
  }

  /** Does something with each lease, a network locked at a time; gives those with which it did not succeed. */
  #inEachNetwork(leases: readonly Lease[], act: (lease: Lease) => boolean): readonly Lease[] {
    const networks = Map.groupBy(leases, ({ network }) => network);
    return [...networks].flatMap(([network, own]) =>
      this.#store.locked(network, () => own.filter((lease) => !act(lease))),
    );
  }
}
