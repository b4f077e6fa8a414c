// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/leases@0.1.0' {
  /**
   * Reserves the next free address of a range set: round robin, after the one given last.
   *
   * Needs grant: `leases`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover a range.
   * - `exhausted`: none is free.
   * - `already-exists`: this attachment has an address of that set.
   * - `invalid-argument`: a range is empty, mixes families or ends before it starts.
   * - `unavailable`: the store cannot be written now.
   */
  export function reserveNext(setIndex: number, ranges: Array<LeaseRange>, excluded: Array<IpAddress>): IpAddress;
  /**
   * Reserves one address.
   *
   * Needs grant: `leases`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the address.
   * - `taken`: another attachment has it, or this one has it already.
   * - `unavailable`: the store cannot be written now.
   */
  export function reserve(setIndex: number, address: IpAddress): void;
  /**
   * Lists the addresses of this attachment.
   *
   * Needs grant: `leases`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover leases.
   * - `unavailable`: the store cannot be read now.
   */
  export function list(): Array<Lease>;
  /**
   * Releases the addresses of this attachment. Having none is no error.
   *
   * Needs grant: `leases`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover leases.
   * - `unavailable`: the store cannot be written now.
   */
  export function release(): void;
  /**
   * Counts how many addresses of the ranges are free, as decimal text.
   *
   * Needs grant: `leases`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover a range.
   * - `invalid-argument`: a range is empty, mixes families or ends before it starts.
   * - `unavailable`: the store cannot be read now.
   */
  export function countFree(ranges: Array<LeaseRange>, excluded: Array<IpAddress>): string;
  export type IpAddress = import('cnidaria:plugin/types@0.1.0').IpAddress;
  /**
   * Why an operation on leases failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover it, or an address is outside the granted subnets.
   * ## `"taken"`
   *
   * Another attachment has the address.
   * ## `"exhausted"`
   *
   * No address of the ranges is free.
   * ## `"already-exists"`
   *
   * This attachment has an address of that set.
   * ## `"invalid-argument"`
   *
   * A range is empty, mixes families or ends before it starts.
   * ## `"unavailable"`
   *
   * The store cannot be written now.
   */
  export type ErrorCode = 'not-permitted' | 'taken' | 'exhausted' | 'already-exists' | 'invalid-argument' | 'unavailable';
  /**
   * Addresses from `first` to `last`, both included.
   */
  export interface LeaseRange {
    /**
     * First address.
     */
    first: IpAddress,
    /**
     * Last address.
     */
    last: IpAddress,
  }
  /**
   * An address that an attachment has.
   */
  export interface Lease {
    /**
     * The address.
     */
    address: IpAddress,
    /**
     * Index of the range set it came from.
     */
    setIndex: number,
  }
}
