// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/host-ports@0.1.0 **/
/**
 * Publishes ports, in place of those that this attachment had. What is sent to an address of the node's own alone is redirected, after all
 * that the node's own rules redirect; UDP flows to the ports begin anew. A port is reserved: nobody else gets it until it is withdrawn.
 *
 * When it fails, those that it had are still published, and no others.
 *
 * Needs grant: `host-ports` with each port, and with `translateAll` for `all`; each container address must be one that the previous result gave.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover a port, a link or `source-translation`, or an address is not this attachment's.
 * - `conflict`: another attachment has a port published on the same address.
 * - `invalid-argument`: a port is 0 or asked for twice, the families of the addresses differ, or the node has no such address.
 * - `unsupported`: no libnftables, or no NAT in this kernel; or there are conditions, which no host applies yet.
 */
export function publish(ports: Array<PublishedPort>, options: PublishOptions): void;
/**
 * Lists the ports that are published for this attachment, by the packet filter's own word.
 *
 * Needs grant: `host-ports`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover published ports.
 * - `unsupported`: no libnftables, or no NAT in this kernel.
 */
export function list(): Array<PublishedPort>;
/**
 * Withdraws the ports of this attachment. Having none is no error.
 *
 * Needs grant: `host-ports`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover published ports.
 * - `unsupported`: no libnftables, or no NAT in this kernel.
 */
export function withdraw(): void;
export type IpAddress = import('./types.js').IpAddress;
export type IpPrefix = import('./types.js').IpPrefix;
export type TransportProtocol = import('./types.js').TransportProtocol;
/**
 * Why an operation on published ports failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover a port, or an address is not this attachment's; nothing was asked of the packet filter.
 * ## `"conflict"`
 *
 * Another attachment has a port published on the same address.
 * ## `"invalid-argument"`
 *
 * A port is 0 or asked for twice, the families of the addresses differ, or the node has no such address.
 * ## `"unsupported"`
 *
 * The packet filter is not there: no libnftables, or no NAT in this kernel. Or there are conditions, which no host applies yet.
 */
export type ErrorCode = 'not-permitted' | 'conflict' | 'invalid-argument' | 'unsupported';
/**
 * One port that is published.
 */
export interface PublishedPort {
  /**
   * Its protocol.
   */
  protocol: TransportProtocol,
  /**
   * Port on the node: 1 to 65535.
   */
  hostPort: number,
  /**
   * Address on the node; absent: every one of the family.
   */
  hostAddress?: IpAddress | undefined,
  /**
   * Address of the container, and the subnet it lies in.
   */
  containerAddress: IpPrefix,
  /**
   * Port of the container: 1 to 65535.
   */
  containerPort: number,
}
/**
 * Whose packets get the node's address, so that the answers come back this way.
 * # Variants
 *
 * ## `"none"`
 *
 * Nobody's.
 * ## `"local"`
 *
 * Those from the node itself by 127.0.0.1, and those that come in over the link that leads to the container: its own, and those of containers beside it.
 * ## `"all"`
 *
 * Everybody's.
 */
export type SourceTranslation = 'none' | 'local' | 'all';
/**
 * Which packets are redirected at all. What is absent does not matter.
 */
export interface Conditions {
  /**
   * Link that they come in on.
   */
  incomingLink?: string | undefined,
  /**
   * Link that they must not come in on.
   */
  excludedLink?: string | undefined,
  /**
   * Where they come from.
   */
  sources: Array<IpPrefix>,
  /**
   * Where they must not come from.
   */
  excludedSources: Array<IpPrefix>,
  /**
   * Address on the node that they are for.
   */
  destinations: Array<IpPrefix>,
}
/**
 * How ports are published.
 */
export interface PublishOptions {
  /**
   * Whose packets get the node's address. With `local`, `route_localnet` is set on the link to the container.
   */
  sourceTranslation: SourceTranslation,
  /**
   * Which packets are redirected.
   */
  conditions: Conditions,
}
