// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/container-filter@0.1.0 **/
/**
 * Sets what a link lets through, in place of what was set before.
 *
 * When it fails, what was set before holds.
 *
 * Needs grant: `container-filter`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link.
 * - `not-found`: no such link. (ENODEV)
 * - `invalid-argument`: a port range is empty, or ports are given without a protocol that has them.
 * - `unsupported`: the packet filter is not there.
 * - `limit-reached`: more than 1,024 exceptions.
 * - `no-namespace`: the namespace is gone.
 */
export function set(container: ContainerNamespace, link: string, policy: Policy): void;
/**
 * Reads what is set for a link, by the packet filter's own word; absent: nothing is.
 *
 * Needs grant: `container-filter`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link.
 * - `not-found`: no such link. (ENODEV)
 * - `unsupported`: the packet filter is not there.
 * - `no-namespace`: the namespace is gone.
 */
export function get(container: ContainerNamespace, link: string): Policy | undefined;
/**
 * Removes what is set for a link. Nothing set is no error.
 *
 * Needs grant: `container-filter`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link.
 * - `unsupported`: the packet filter is not there.
 * - `no-namespace`: the namespace is gone, and the policy with it.
 */
export function remove(container: ContainerNamespace, link: string): void;
export type IpPrefix = import('./types.js').IpPrefix;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
/**
 * Why an operation on a container's filter failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the link; nothing was asked of the kernel.
 * ## `"not-found"`
 *
 * No such link in the container. (ENODEV)
 * ## `"invalid-argument"`
 *
 * A port range is empty, or ports are given without a protocol that has them.
 * ## `"unsupported"`
 *
 * The packet filter is not there.
 * ## `"no-namespace"`
 *
 * The namespace is gone.
 * ## `"limit-reached"`
 *
 * More exceptions than are kept: 1,024.
 */
export type ErrorCode = 'not-permitted' | 'not-found' | 'invalid-argument' | 'unsupported' | 'no-namespace' | 'limit-reached';
/**
 * Which way a packet goes, seen from the container.
 * # Variants
 *
 * ## `"ingress"`
 *
 * Into the container.
 * ## `"egress"`
 *
 * Out of the container.
 */
export type Direction = 'ingress' | 'egress';
/**
 * A protocol above IP.
 * # Variants
 *
 * ## `"tcp"`
 *
 * TCP.
 * ## `"udp"`
 *
 * UDP.
 * ## `"sctp"`
 *
 * SCTP.
 * ## `"icmp"`
 *
 * ICMP, and ICMPv6.
 */
export type Protocol = 'tcp' | 'udp' | 'sctp' | 'icmp';
/**
 * Ports from `first` to `last`, both included.
 */
export interface PortRange {
  /**
   * First port.
   */
  first: number,
  /**
   * Last port.
   */
  last: number,
}
/**
 * Packets that may pass although their direction is closed.
 */
export interface Exception {
  /**
   * Which way they go.
   */
  direction: Direction,
  /**
   * The other side; absent: anybody.
   */
  peer?: IpPrefix | undefined,
  /**
   * Their protocol; absent: any.
   */
  protocol?: Protocol | undefined,
  /**
   * Their destination port; absent: any.
   */
  ports?: PortRange | undefined,
}
/**
 * What a link lets through.
 */
export interface Policy {
  /**
   * Packets come in only by an exception.
   */
  ingressClosed: boolean,
  /**
   * Packets go out only by an exception.
   */
  egressClosed: boolean,
  /**
   * The exceptions; their order does not matter.
   */
  exceptions: Array<Exception>,
}
