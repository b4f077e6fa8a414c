/**
 * @module Leases: one transaction covers an address and its owner.
 */
import type { IpAddress } from "../../spec/ip.ts";
import type { AttachmentKey } from "../protocol.ts";
import { addressOf, bytesOf, familyNumberOf, numberOf, numberOfBytes, numberRangesOf, rotated } from "./addresses.ts";
import type { FamilyNumber, NumberRange } from "./addresses.ts";
import { recorded } from "./database.ts";
import type { Context } from "./database.ts";
import { LeaseChanges } from "./lease-changes.ts";
import {
  excludedNumbers,
  holderOf,
  INSERT_LEASE,
  leaseOf,
  SELECT_LEASES,
  storedOf,
  whereOfLeases,
} from "./lease-rows.ts";
import type { Holder, LeaseRecord, StoredAddress } from "./lease-rows.ts";
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
import { isTakenOver } from "./taken-over.ts";

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
    return recorded("lease", () =>
      database.transaction((): NextOutcome => {
        if (this.#hasLease(owner, wanted)) return { failed: "already-exists" };
        const free = this.#firstFree(owner.network, wanted);
        if (free === undefined) return { failed: "exhausted" };
        this.#insert(holderOf(owner, wanted), free);
        this.#setCursor(owner.network, wanted.setIndex, free);
        return { reserved: addressOf(free.family, free.value) };
      }),
    );
  }

  reserve(
    owner: Owner,
    wanted: { readonly operationId: string; readonly setIndex: number; readonly address: IpAddress },
  ): "reserved" | "taken" {
    const isInserted = (): boolean => this.#insert(holderOf(owner, wanted), storedOf(wanted.address));
    return recorded("lease", () => (isInserted() ? "reserved" : "taken"));
  }

  takeOver({ operationId, network, leases, cursors }: TakenOver): TakeOverOutcome {
    const { database } = this.#context;
    return recorded("lease", () =>
      database.transaction(() => {
        const conflicts: Lease[] = [];
        let imported = 0;
        for (const lease of leases) {
          if (this.#insert({ ...lease, network, operationId }, storedOf(lease.address))) imported += 1;
          else conflicts.push(...this.#othersAt(network, lease));
        }
        for (const { setIndex, address } of cursors) this.#setCursor(network, setIndex, storedOf(address));
        return { imported, present: leases.length - imported - conflicts.length, conflicts };
      }),
    );
  }

  /** Takes back what `reserve` or `reserveNext` has just given. */
  withdraw(network: string, address: IpAddress): void {
    const { family, value } = storedOf(address);
    this.#changes.count(network);
    recorded("release", () =>
      this.#context.database.run(
        "DELETE FROM leases WHERE network = ? AND family = ? AND address = ?",
        network,
        family,
        bytesOf(family, value),
      ),
    );
  }

  list(filter: LeaseFilter): Lease[] {
    const where = whereOfLeases(filter);
    return this.#context.database
      .rows<LeaseRecord>(
        `${SELECT_LEASES} WHERE ${where.sql} ORDER BY network, set_index, family, address`,
        ...where.values,
      )
      .map(leaseOf);
  }

  /** Leases of the time before the machine's restart. */
  listFormer(): Lease[] {
    return this.#context.database
      .rows<LeaseRecord>(`${SELECT_LEASES} WHERE boot <> ?`, this.#context.boot)
      .map(leaseOf);
  }

  release(filter: LeaseFilter): number {
    const where = whereOfLeases(filter);
    if (where.values.length === 0) return 0;
    this.#changes.count(filter.network);
    return recorded(
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

  /** Of one that was taken over its place in the ranges counts too: its index is a guess. */
  #hasLease({ network, containerId, ifname }: Owner, { setIndex, ranges }: NextAddress): boolean {
    const own = this.list({ network, containerId, ifname });
    if (own.length === 0) return false;
    const numbers = numberRangesOf(ranges);
    return own.some((lease) => {
      if (lease.setIndex === setIndex || !isTakenOver(lease)) return lease.setIndex === setIndex;
      const { family, value } = storedOf(lease.address);
      return numbers.some((each) => each.family === family && each.first <= value && value <= each.last);
    });
  }

  /** The lease that is at an address in the way of one that is taken over; none: it is of the same attachment. */
  #othersAt(network: string, { address, containerId, ifname }: TakenOver["leases"][number]): Lease[] {
    const { family, value } = storedOf(address);
    const sql = `${SELECT_LEASES} WHERE network = ? AND family = ? AND address = ?`;
    const found = this.#context.database.rows<LeaseRecord>(sql, network, family, bytesOf(family, value)).map(leaseOf);
    return found.filter((lease) => {
      const isSameLink = lease.ifname === ifname || lease.ifname === "" || ifname === "";
      return lease.containerId !== containerId || !isSameLink;
    });
  }

  #setCursor(network: string, setIndex: number, { family, value }: StoredAddress): void {
    this.#context.database.run(
      "INSERT OR REPLACE INTO cursors (network, set_index, family, address) VALUES (?, ?, ?, ?)",
      network,
      setIndex,
      family,
      bytesOf(family, value),
    );
  }

  #insert(
    { network, containerId, ifname, setIndex, operationId, digest }: Holder,
    { family, value }: StoredAddress,
  ): boolean {
    const { database, boot } = this.#context;
    this.#changes.count(network);
    const { changes } = database.run(
      INSERT_LEASE,
      network,
      family,
      bytesOf(family, value),
      setIndex,
      containerId,
      ifname,
      operationId,
      boot,
      digest ?? "",
    );
    return changes === 1;
  }

  #firstFree(
    network: string,
    { setIndex, ranges, excluded, after, isTaken = () => false }: NextAddress,
  ): StoredAddress | undefined {
    const without = excludedNumbers(excluded);
    const cursor = after === undefined ? this.#cursorOf(network, setIndex) : storedOf(after);
    const numbers = numberRangesOf(ranges);
    for (const range of cursor === undefined ? numbers : rotated(numbers, cursor.family, cursor.value)) {
      for (let from = range.first; from <= range.last;) {
        const gap = this.#firstGap(network, { ...range, first: from });
        if (gap === undefined) break;
        const isFree = !without[range.family].has(gap) && !isTaken(addressOf(range.family, gap));
        if (isFree) return { family: range.family, value: gap };
        from = gap + 1n;
      }
    }
    return undefined;
  }

  #cursorOf(network: string, setIndex: number): StoredAddress | undefined {
    const cursor = this.#context.database.row<{ family: FamilyNumber; address: Uint8Array }>(
      "SELECT family, address FROM cursors WHERE network = ? AND set_index = ?",
      network,
      setIndex,
    );
    return cursor === undefined ? undefined : { family: cursor.family, value: numberOfBytes(cursor.address) };
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
