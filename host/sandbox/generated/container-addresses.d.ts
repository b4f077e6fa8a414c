// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/container-addresses@0.1.0 **/
/**
 * Adds addresses to a link, in order. For the first IPv6 address `disable_ipv6` is cleared and `keep_addr_on_down` set on the link.
 *
 * When it fails, none of them is left behind.
 *
 * Needs grant: `container-addresses`; with `from: "ipam"`, each address must be one that the call's IPAM plugin gave.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link or an address, or an address is leased to another attachment.
 * - `not-found`: no such link. (ENODEV)
 * - `already-exists`: the link has one of them. (EEXIST)
 * - `invalid-argument`: refused by the kernel. (EINVAL)
 * - `no-namespace`: the namespace is gone.
 */
export function add(container: ContainerNamespace, link: string, addresses: Array<IpPrefix>): void;
/**
 * Lists the addresses of one link, at most 256.
 *
 * Needs grant: `container-addresses`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link.
 * - `not-found`: no such link. (ENODEV)
 * - `limit-reached`: the link has more than 256.
 * - `no-namespace`: the namespace is gone.
 */
export function list(container: ContainerNamespace, link: string): Array<AddressInfo>;
/**
 * Waits until no IPv6 address of the link is tentative.
 *
 * Needs grant: `container-addresses`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link.
 * - `not-found`: no such link. (ENODEV)
 * - `duplicate`: detection failed for one of them.
 * - `timed-out`: one is still tentative after `timeout-milliseconds` and the link is up.
 * - `no-namespace`: the namespace is gone.
 */
export function settle(container: ContainerNamespace, link: string, timeoutMilliseconds: number): void;
export type IpPrefix = import('./types.js').IpPrefix;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
/**
 * Why an operation on a container's addresses failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the link or an address; nothing was asked of the kernel.
 * ## `"not-found"`
 *
 * No such link in the container. (ENODEV)
 * ## `"already-exists"`
 *
 * The link has that address. (EEXIST)
 * ## `"invalid-argument"`
 *
 * Refused by the kernel. (EINVAL)
 * ## `"no-namespace"`
 *
 * The namespace is gone.
 * ## `"duplicate"`
 *
 * Another node on the link has the address: duplicate address detection failed.
 * ## `"timed-out"`
 *
 * Addresses are still tentative after the time given.
 * ## `"limit-reached"`
 *
 * The link has more addresses than are listed: 256.
 */
export type ErrorCode = 'not-permitted' | 'not-found' | 'already-exists' | 'invalid-argument' | 'no-namespace' | 'duplicate' | 'timed-out' | 'limit-reached';
/**
 * An address of a link.
 */
export interface AddressInfo {
  /**
   * The address and its prefix.
   */
  address: IpPrefix,
  /**
   * Still tentative.
   */
  tentative: boolean,
  /**
   * Duplicate address detection failed.
   */
  duplicate: boolean,
}
