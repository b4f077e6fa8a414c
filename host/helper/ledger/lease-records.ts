/**
 * @module What the ledger keeps of addresses, and what it offers. Types only.
 */
import type { IpAddress } from "../../spec/ip.ts";
import type { AttachmentKey, Digest } from "../protocol.ts";
import type { Owner } from "./records.ts";

/** Addresses from `first` to `last`, both included, of one family. */
export interface LeaseRange {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** An address reserved for an attachment. */
export interface Lease extends AttachmentKey {
  readonly address: IpAddress;
  /** Plugin that gave it; `undefined`: not known. */
  readonly digest: Digest | undefined;
  /** Index of the range set it came from. */
  readonly setIndex: number;
  /** Operation that reserved it; of one that was taken over, see {@link LeaseStore.takeOver}, what begins with `import-`. */
  readonly operationId: string;
}

/** Leases that match every field given. One whose `ifname` is not known (`""`) matches every `ifname`, unless `isExact` says otherwise. */
export interface LeaseFilter {
  readonly network?: string;
  readonly containerId?: string;
  readonly ifname?: string;
  readonly operationId?: string;
  /** Plugins of which one gave it. `""`: not known by which. */
  readonly digests?: readonly (Digest | "")[];
  readonly isExact?: boolean;
}

/** What `reserveNext` looks for. Ranges of one set do not overlap. */
export interface NextAddress {
  readonly operationId: string;
  readonly setIndex: number;
  readonly ranges: readonly LeaseRange[];
  /** Never given: gateways. */
  readonly excluded: readonly IpAddress[];
  /** Address given last, by whoever shares the network; `undefined`: the one that the ledger has. */
  readonly after?: IpAddress | undefined;
  /** Tells of an address without a lease whether somebody else has it. @default nobody */
  readonly isTaken?: ((address: IpAddress) => boolean) | undefined;
}

/** What another store of addresses has given out in one network. */
export interface TakenOver {
  /** Begins with `import-`. */
  readonly operationId: string;
  readonly network: string;
  readonly leases: readonly Omit<Lease, "network" | "operationId" | "digest">[];
  /** Address given last, by range set. */
  readonly cursors: readonly { readonly setIndex: number; readonly address: IpAddress }[];
}

/** What became of it. */
export interface TakeOverOutcome {
  readonly imported: number;
  /** Leases that were there already, of the same attachment. */
  readonly present: number;
  /** Addresses that another attachment has, which keeps them. */
  readonly conflicts: readonly Lease[];
}

/** Leases of addresses, one per address and network. */
export interface LeaseStore {
  /**
   * Reserves the next free address of the ranges, in order, after the one given last in that set of that network; wraps.
   * `already-exists`: the attachment has an address of that set, or one in these ranges that was taken over.
   */
  reserveNext(
    owner: Owner,
    wanted: NextAddress,
  ): { readonly reserved: IpAddress } | { readonly failed: "exhausted" | "already-exists" };
  /** Reserves one address. `taken`: it is leased already, whoever has it. */
  reserve(
    owner: Owner,
    wanted: { readonly operationId: string; readonly setIndex: number; readonly address: IpAddress },
  ): "reserved" | "taken";
  list(filter: LeaseFilter): Lease[];
  /** Releases what matches and gives the number of leases that went. An empty filter releases nothing. */
  release(filter: LeaseFilter): number;
  /** Counts the addresses of the ranges that are neither leased nor excluded. */
  countFree(network: string, ranges: readonly LeaseRange[], excluded: readonly IpAddress[]): bigint;
  /** Gives another text whenever the leases of a network may have changed, by this helper or another. Of one helper; cheap. */
  generation(network: string): string;
  /** Who has the address; `undefined`: nobody. */
  ownerOf(network: string, address: IpAddress): AttachmentKey | undefined;
  /** Takes over what another store has given out, in one transaction. What is leased already stays as it is. */
  takeOver(taken: TakenOver): TakeOverOutcome;
}
