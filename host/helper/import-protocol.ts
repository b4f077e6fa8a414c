/**
 * @module What is said of addresses that another program has given out. Types only; a part of `protocol.ts`.
 */
import type { LeaseRow } from "./protocol.ts";

/** An address that another store of addresses has given out. */
export interface ImportedLease {
  readonly address: string;
  readonly containerId: string;
  /** `""`: not known. */
  readonly ifname: string;
  /** Index of the range set that it is from, or a guess. */
  readonly setIndex: number;
}

/** What another store of addresses has given out in one network. */
export interface ImportLeases {
  readonly network: string;
  readonly leases: readonly ImportedLease[];
  /** Address given last, by range set: the next ADD goes on after it. */
  readonly cursors: readonly { readonly setIndex: number; readonly address: string }[];
}

/** What became of it. */
export interface ImportedLeases {
  readonly imported: number;
  /** Leases of the same attachment that were there already. */
  readonly present: number;
  /** Addresses that another attachment has and keeps: these attachments. */
  readonly conflicts: readonly LeaseRow[];
}
