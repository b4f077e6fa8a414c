/**
 * @module Leases: one transaction covers an address and its owner.
 */
import type { IpAddress } from "../../spec/ip.ts";
import { ipFromBytes } from "../../spec/ip.ts";
import type { AttachmentKey } from "../protocol.ts";
import { addressOf, bytesOf, familyNumberOf, numberOf, numberOfBytes, numberRangesOf, rotated } from "./addresses.ts";
import type { FamilyNumber, NumberRange } from "./addresses.ts";
import { recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { whereOf } from "./filter.ts";
import type { Where } from "./filter.ts";
import { LeaseChanges } from "./lease-changes.ts";
import type { Lease, LeaseFilter, LeaseRange, LeaseStore, NextAddress, Owner } from "./records.ts";

interface Row extends AttachmentKey {
  readonly address: Uint8Array;
  readonly setIndex: number;
  readonly operationId: string;
}

type NextOutcome = ReturnType<LeaseStore["reserveNext"]>;

/** The tables `leases` and `cursors`. */
export class LeaseTable implements LeaseStore {
  readonly #context: Context;
  readonly #changes = new LeaseChanges();

  constructor(context: Context) {
    this.#context = context;
  }

  reserveNext(owner: Owner, wanted: NextAddress): NextOutcome {
    const { database } = this.#context;
    return recorded(this.#context, "lease", () =>
      database.transaction((): NextOutcome => {
        if (this.#hasLease(owner, wanted.setIndex)) return { failed: "already-exists" };
        const free = this.#firstFree(owner.network, wanted);
        if (free === undefined) return { failed: "exhausted" };
        this.#insert(owner, wanted, free);
        database.run(
          "INSERT OR REPLACE INTO cursors (network, set_index, family, address) VALUES (?, ?, ?, ?)",
          owner.network,
          wanted.setIndex,
          free.family,
          bytesOf(free.family, free.value),
        );
        return { reserved: addressOf(free.family, free.value) };
      }),
    );
  }

  reserve(
    owner: Owner,
    wanted: { readonly operationId: string; readonly setIndex: number; readonly address: IpAddress },
  ): "reserved" | "taken" {
    const address = { family: familyNumberOf(wanted.address), value: numberOf(wanted.address) };
    return recorded(this.#context, "lease", () => (this.#insert(owner, wanted, address) ? "reserved" : "taken"));
  }

  list(filter: LeaseFilter): Lease[] {
    const where = whereOfLeases(filter);
    return this.#context.database
      .rows<Row>(
        `SELECT network, container_id AS containerId, ifname, address, set_index AS setIndex, operation_id AS operationId
         FROM leases WHERE ${where.sql} ORDER BY network, set_index, family, address`,
        ...where.values,
      )
      .map((row) => ({ ...row, address: ipFromBytes(row.address) }));
  }

  release(filter: LeaseFilter): number {
    const where = whereOfLeases(filter);
    if (where.values.length === 0) return 0;
    this.#changes.count(filter.network);
    return recorded(
      this.#context,
      "release",
      () => this.#context.database.run(`DELETE FROM leases WHERE ${where.sql}`, ...where.values).changes,
    );
  }

  countFree(network: string, ranges: readonly LeaseRange[], excluded: readonly IpAddress[]): bigint {
    const without = excludedNumbers(excluded);
    return numberRangesOf(ranges).reduce((sum, { family, first, last }) => {
      const taken = BigInt(this.#countLeased(network, family, first, last));
      const withheld = [...without[family]].filter(
        (value) => first <= value && value <= last && !this.#isLeased(network, family, value),
      );
      return sum + (last - first + 1n) - taken - BigInt(withheld.length);
    }, 0n);
  }

  generation(network: string): string {
    return this.#changes.generation(network, this.#context.database.othersVersion);
  }

  ownerOf(network: string, address: IpAddress): AttachmentKey | undefined {
    const family = familyNumberOf(address);
    return this.#context.database.row<AttachmentKey>(
      "SELECT network, container_id AS containerId, ifname FROM leases WHERE network = ? AND family = ? AND address = ?",
      network,
      family,
      bytesOf(family, numberOf(address)),
    );
  }

  #hasLease({ network, containerId, ifname }: Owner, setIndex: number): boolean {
    const sql = "SELECT 1 FROM leases WHERE container_id = ? AND network = ? AND ifname = ? AND set_index = ?";
    return this.#context.database.row(sql, containerId, network, ifname, setIndex) !== undefined;
  }

  #insert(
    { network, containerId, ifname }: Owner,
    { setIndex, operationId }: { readonly setIndex: number; readonly operationId: string },
    { family, value }: { readonly family: FamilyNumber; readonly value: bigint },
  ): boolean {
    const { database, boot } = this.#context;
    this.#changes.count(network);
    const { changes } = database.run(
      `INSERT OR IGNORE INTO leases (network, family, address, set_index, container_id, ifname, operation_id, boot)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      network,
      family,
      bytesOf(family, value),
      setIndex,
      containerId,
      ifname,
      operationId,
      boot,
    );
    return changes === 1;
  }

  #firstFree(
    network: string,
    { setIndex, ranges, excluded }: NextAddress,
  ): { family: FamilyNumber; value: bigint } | undefined {
    const without = excludedNumbers(excluded);
    for (const range of this.#fromCursor(network, setIndex, numberRangesOf(ranges))) {
      for (let from = range.first; from <= range.last;) {
        const gap = this.#firstGap(network, { ...range, first: from });
        if (gap === undefined) break;
        if (!without[range.family].has(gap)) return { family: range.family, value: gap };
        from = gap + 1n;
      }
    }
    return undefined;
  }

  #fromCursor(network: string, setIndex: number, ranges: readonly NumberRange[]): readonly NumberRange[] {
    const cursor = this.#context.database.row<{ family: FamilyNumber; address: Uint8Array }>(
      "SELECT family, address FROM cursors WHERE network = ? AND set_index = ?",
      network,
      setIndex,
    );
    return cursor === undefined ? ranges : rotated(ranges, cursor.family, numberOfBytes(cursor.address));
  }

  /**
   * Finds the first address of a range without a lease: doubles the stretch that is known to be full while the count of
   * leases says so, then halves it. SQLite counts; no address is looked at one by one.
   */
  #firstGap(network: string, { family, first, last }: NumberRange): bigint | undefined {
    const isFull = (from: bigint, to: bigint): boolean =>
      BigInt(this.#countLeased(network, family, from, to)) === to - from + 1n;
    if (!this.#isLeased(network, family, first)) return first;
    let full = first;
    let gap: bigint | undefined;
    for (let step = 1n; gap === undefined; step *= 2n) {
      if (full === last) return undefined;
      const probe = full + step < last ? full + step : last;
      if (isFull(full + 1n, probe)) full = probe;
      else gap = probe;
    }
    while (gap - full > 1n) {
      const middle: bigint = (full + gap) / 2n;
      if (isFull(full + 1n, middle)) full = middle;
      else gap = middle;
    }
    return gap;
  }

  #isLeased(network: string, family: FamilyNumber, value: bigint): boolean {
    const sql = "SELECT 1 FROM leases WHERE network = ? AND family = ? AND address = ?";
    return this.#context.database.row(sql, network, family, bytesOf(family, value)) !== undefined;
  }

  #countLeased(network: string, family: FamilyNumber, first: bigint, last: bigint): number {
    const row = this.#context.database.row<{ count: number }>(
      "SELECT count(*) AS count FROM leases WHERE network = ? AND family = ? AND address BETWEEN ? AND ?",
      network,
      family,
      bytesOf(family, first),
      bytesOf(family, last),
    );
    return row?.count ?? 0;
  }
}

function excludedNumbers(excluded: readonly IpAddress[]): Readonly<Record<FamilyNumber, ReadonlySet<bigint>>> {
  const of = (family: FamilyNumber): ReadonlySet<bigint> =>
    new Set(excluded.filter((address) => familyNumberOf(address) === family).map(numberOf));
  return { 4: of(4), 6: of(6) };
}

function whereOfLeases({ network, containerId, ifname, operationId }: LeaseFilter): Where {
  return whereOf({ container_id: containerId, network, ifname, operation_id: operationId });
}
