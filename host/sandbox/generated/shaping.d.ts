// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/shaping@0.1.0 **/
/**
 * Sets both rates of the node's end of this attachment's link. `egress` makes an `ifb` link, which is given back.
 *
 * Nothing is left behind when it fails.
 *
 * Needs grant: `shaping`; the link must be one of this attachment.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover a rate, or the link is not of this attachment.
 * - `conflict`: the link has a rate already that is not this attachment's. (EEXIST)
 * - `invalid-argument`: a number is no number, 0, or too large for the kernel.
 * - `unsupported`: this kernel lacks the queueing discipline, the filter or the `ifb` link. (EOPNOTSUPP)
 */
export function set(link: string, rates: Rates): LinkInfo | undefined;
/**
 * Reads both rates of the node's end of this attachment's link, by the kernel's own word.
 *
 * Needs grant: `shaping`.
 *
 * # Errors
 * - `not-permitted`: the link is not of this attachment.
 */
export function get(link: string): Rates;
/**
 * Removes the rates of this attachment, and the `ifb` link. Having none is no error.
 *
 * Needs grant: `shaping`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover rates.
 */
export function remove(): void;
export type LinkInfo = import('./types.js').LinkInfo;
/**
 * Why an operation on rates failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the rate, or the link is not of this attachment.
 * ## `"conflict"`
 *
 * The link has a rate already that is not this attachment's. (EEXIST)
 * ## `"invalid-argument"`
 *
 * A number is no number, 0, or too large for the kernel.
 * ## `"unsupported"`
 *
 * This kernel lacks the queueing discipline, the filter or the `ifb` link. (EOPNOTSUPP)
 */
export type ErrorCode = 'not-permitted' | 'conflict' | 'invalid-argument' | 'unsupported';
/**
 * A rate. Decimal text, because the numbers pass 32 bits.
 */
export interface Rate {
  /**
   * Rate in bits per second.
   */
  bitsPerSecond: string,
  /**
   * Burst in bits.
   */
  burstBits: string,
}
/**
 * Rates of one link.
 */
export interface Rates {
  /**
   * Towards the container; absent: no limit.
   */
  ingress?: Rate | undefined,
  /**
   * From the container; absent: no limit.
   */
  egress?: Rate | undefined,
}
