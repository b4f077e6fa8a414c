// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/shaping@0.1.0 **/
/**
 * Finds the node's end of the attachment's link: the one on record, or, where another program made the pair, the one that is shown to be
 * the other end of the container's link.
 *
 * Needs grant: `shaping`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover rates, or the link is another attachment's.
 * - `not-found`: the container's link is gone, is no veth, or its other end is not on the node.
 */
export function find(): LinkInfo;
/**
 * Sets both rates of the node's end of this attachment's link, in place of those that the attachment had. `egress` makes an `ifb` link,
 * which is given back.
 *
 * Nothing is left behind when it fails, nor what the attachment had.
 *
 * Needs grant: `shaping` with each rate; the link must be the one that `find` gives.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover a rate, or the link is not of this attachment.
 * - `not-found`: the container's link is gone, is no veth, or its other end is not on the node.
 * - `conflict`: somebody else shapes the link already. (EEXIST)
 * - `invalid-argument`: a number is no number, less than a byte, or too large for the kernel.
 * - `unsupported`: this kernel lacks the queueing discipline, the filter, the action or the `ifb` link. (ENOENT, EOPNOTSUPP)
 */
export function set(link: string, rates: Rates): LinkInfo | undefined;
/**
 * Reads both rates that this plugin has set, by the kernel's own word: a number that the kernel has as it was set is given as it was set, any
 * other as the kernel has it.
 *
 * Needs grant: `shaping`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover rates.
 */
export function get(): Rates;
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
 * ## `"not-found"`
 *
 * The container's link is gone, is no veth, or its other end is not on the node.
 * ## `"conflict"`
 *
 * Somebody else shapes the link already. (EEXIST)
 * ## `"invalid-argument"`
 *
 * A number is no number, less than a byte, or too large for the kernel.
 * ## `"unsupported"`
 *
 * This kernel lacks the queueing discipline, the filter, the action or the `ifb` link. (ENOENT, EOPNOTSUPP)
 */
export type ErrorCode = 'not-permitted' | 'not-found' | 'conflict' | 'invalid-argument' | 'unsupported';
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
