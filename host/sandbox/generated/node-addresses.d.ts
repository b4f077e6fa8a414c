// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/node-addresses@0.1.0 **/
/**
 * Makes sure that a link has each address, with the link's hardware address made permanent. They are the network's: they go when the link does.
 *
 * When it fails, what it added is removed.
 *
 * Needs grant: `node-addresses` with that link, or with `own` for a link that this attachment made; each address must lie in a subnet of the
 * addresses that the call's IPAM plugin gave, and have that subnet's length, or on a link of this attachment the whole length.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link, an address or `replace`.
 * - `conflict`: another address is there and `replace` is false.
 * - `invalid-argument`: refused by the kernel. (EINVAL)
 */
export function ensure(link: string, addresses: Array<IpPrefix>, replace: boolean): void;
/**
 * Lists the addresses of one link, at most 1,024.
 *
 * Needs grant: `node-addresses`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link, or there is none.
 * - `limit-reached`: the link has more.
 */
export function list(link: string): Array<IpPrefix>;
export type IpPrefix = import('./types.js').IpPrefix;
/**
 * Why an operation on a node's addresses failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the link or the address, or there is no such link.
 * ## `"conflict"`
 *
 * The link has another address of an overlapping network (IPv4: any other address).
 * ## `"invalid-argument"`
 *
 * Refused by the kernel. (EINVAL)
 * ## `"limit-reached"`
 *
 * More addresses than are listed: 1,024.
 */
export type ErrorCode = 'not-permitted' | 'conflict' | 'invalid-argument' | 'limit-reached';
