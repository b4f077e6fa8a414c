// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/node-routes@0.1.0 **/
/**
 * Makes sure that the node reaches each address over a link of this attachment: a route of the whole length, with scope `host`.
 *
 * When it fails, none that it made is left behind. They go when the link does.
 *
 * Needs grant: `node-routes`; the link must be one that this attachment made, and each address one that the call's IPAM plugin, or the previous result, gave.
 *
 * # Errors
 * - `not-permitted`: not a link of this attachment, or an address is not this attachment's, or is leased to another one.
 * - `conflict`: another link has a route to one of them. (EEXIST)
 * - `invalid-argument`: refused by the kernel. (EINVAL)
 */
export function ensure(link: string, addresses: Array<IpAddress>): void;
/**
 * Lists the destinations of the routes over a link of this attachment, at most 1,024.
 *
 * Needs grant: `node-routes`.
 *
 * # Errors
 * - `not-permitted`: not a link of this attachment.
 * - `limit-reached`: the link has more.
 */
export function list(link: string): Array<IpPrefix>;
export type IpAddress = import('./types.js').IpAddress;
export type IpPrefix = import('./types.js').IpPrefix;
/**
 * Why an operation on the node's routes failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the link or an address, or there is no such link: the two are not told apart.
 * ## `"conflict"`
 *
 * Another link has a route to that address. (EEXIST)
 * ## `"invalid-argument"`
 *
 * Refused by the kernel. (EINVAL)
 * ## `"limit-reached"`
 *
 * More routes than are listed: 1,024.
 */
export type ErrorCode = 'not-permitted' | 'conflict' | 'invalid-argument' | 'limit-reached';
