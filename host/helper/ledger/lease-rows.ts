/**
 * @module Rows of the table `leases`, as they are written, read and chosen.
 */
import type { IpAddress } from "../../spec/ip.ts";
import { ipFromBytes } from "../../spec/ip.ts";
import type { AttachmentKey, Digest } from "../protocol.ts";
import { familyNumberOf, numberOf } from "./addresses.ts";
import type { FamilyNumber } from "./addresses.ts";
import { whereOf } from "./filter.ts";
import type { Where } from "./filter.ts";
import type { Lease, LeaseFilter } from "./lease-records.ts";
import type { Owner } from "./records.ts";

/** A row that was read. */
export interface LeaseRecord extends AttachmentKey {
  readonly address: Uint8Array;
  readonly setIndex: number;
  readonly operationId: string;
  /** `""`: not known. */
  readonly digest: Digest | "";
}

/** Whose lease it is, and by what. */
export type Holder = Pick<Lease, "network" | "containerId" | "ifname" | "setIndex" | "operationId"> &
  Partial<Pick<Lease, "digest">>;

/** An address as it is stored. */
export interface StoredAddress {
  readonly family: FamilyNumber;
  readonly value: bigint;
}

/** Reads leases; a WHERE follows. */
export const SELECT_LEASES = `SELECT network, container_id AS containerId, ifname, address, set_index AS setIndex, operation_id AS operationId,
    digest
  FROM leases`;

/** Writes a lease, unless there is one. */
export const INSERT_LEASE = `INSERT OR IGNORE INTO leases
  (network, family, address, set_index, container_id, ifname, operation_id, boot, digest)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Addresses that are never given, by family. */
export function excludedNumbers(excluded: readonly IpAddress[]): Readonly<Record<FamilyNumber, ReadonlySet<bigint>>> {
  const of = (family: FamilyNumber): ReadonlySet<bigint> =>
    new Set(excluded.filter((address) => familyNumberOf(address) === family).map(numberOf));
  return { 4: of(4), 6: of(6) };
}

/** Chooses the leases that a filter matches. */
export function whereOfLeases(filter: LeaseFilter): Where {
  const { network, containerId, ifname, operationId, digests, isExact = false } = filter;
  const where = whereOf({ container_id: containerId, network, operation_id: operationId, digest: digests });
  if (ifname === undefined) return where;
  const sql = isExact ? "ifname = ?" : "(ifname = ? OR ifname = '')";
  return { sql: `${where.sql} AND ${sql}`, values: [...where.values, ifname] };
}

/** Gives whose a new lease is. */
export function holderOf(
  { network, containerId, ifname, digest }: Owner,
  { setIndex, operationId }: Pick<Lease, "setIndex" | "operationId">,
): Holder {
  return { network, containerId, ifname, setIndex, operationId, digest };
}

/** Gives an address as it is stored. */
export function storedOf(address: IpAddress): StoredAddress {
  return { family: familyNumberOf(address), value: numberOf(address) };
}

/** Gives a row as the helper knows it. */
export function leaseOf({ digest, ...row }: LeaseRecord): Lease {
  return { ...row, address: ipFromBytes(row.address), digest: digest === "" ? undefined : digest };
}
