// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/node-routes@0.1.0 **/
/**
 * Makes sure that the node reaches each address over a link of this attachment: a route of the whole length, with scope `host`.
 *
 * When it fails, none that it made is left behind. They go when the link does.
 *
 * Needs grant: `node-routes`; each address must be one that the call's IPAM plugin gave.
 *
 * # Errors
 * - `not-permitted`: not a link of this attachment, or an address is not this attachment's.
 * - `conflict`: another link has a route to one of them. (EEXIST)
 * - `invalid-argument`: refused by the kernel. (EINVAL)
 */
export function ensure(link: string, addresses: Array<IpAddress>): void;
/**
 * Lists the routes over a link of this attachment.
 *
 * Needs grant: `node-routes`.
 *
 * # Errors
 * - `not-permitted`: not a link of this attachment.
 */
export function list(link: string): Array<IpPrefix>;
/**
 * Names the link over which the node would send to an address of this attachment.
 *
 * Needs grant: `node-routes` with `lookup`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover `lookup`, or the address is not this attachment's.
 * - `unreachable`: there is no route there. (ENETUNREACH, EHOSTUNREACH)
 */
export function linkTowards(address: IpAddress): string;
/**
 * Names the link of the default route with the lowest priority value.
 *
 * Needs grant: `node-routes` with `default-link`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover `default-link`.
 * - `unreachable`: the family has no default route.
 */
export function defaultLink(family: IpFamily): string;
export type IpAddress = import('./types.js').IpAddress;
export type IpFamily = import('./types.js').IpFamily;
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
 * ## `"unreachable"`
 *
 * There is no route there. (ENETUNREACH, EHOSTUNREACH)
 */
export type ErrorCode = 'not-permitted' | 'conflict' | 'invalid-argument' | 'unreachable';
