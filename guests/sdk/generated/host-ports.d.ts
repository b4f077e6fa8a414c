// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/host-ports@0.1.0' {
  /**
   * Publishes ports, in place of those that this attachment had. What is sent to an address of the node's own alone is redirected, after all
   * that the node's own rules redirect; UDP flows to the ports begin anew. A port is reserved, whatever the conditions: nobody else gets it
   * until it is withdrawn.
   *
   * When it fails, those that it had are still published, and no others.
   *
   * Needs grant: `host-ports` with each port and the packet filter in `backends`, and with `translateAll` for `all`; where it lists links or sources, the conditions must name
   * some of them; each container address must be one that the previous result gave.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover a port, the conditions or `source-translation`, or an address is not this attachment's.
   * - `conflict`: another attachment has a port published on the same address.
   * - `invalid-argument`: a port is 0 or asked for twice, the families of the addresses differ, the node has no such address, or a condition is none.
   * - `unsupported`: no libnftables, no iptables, or no NAT in this kernel.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function publish(ports: Array<PublishedPort>, options: PublishOptions): void;
  /**
   * Lists the ports that are published for this attachment, by the packet filter's own word.
   *
   * Needs grant: `host-ports`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover published ports.
   * - `unsupported`: no libnftables, no iptables, or no NAT in this kernel.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function list(): Array<PublishedPort>;
  /**
   * Lists those of the ports that are published for this attachment on which a process of the node listens: it is not reached any more, as long
   * as they are published.
   *
   * Needs grant: `host-ports`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover published ports.
   */
  export function occupied(): Array<PublishedPort>;
  /**
   * Withdraws the ports of this attachment. Having none is no error.
   *
   * Needs grant: `host-ports`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover published ports.
   * - `unsupported`: no libnftables, no iptables, or no NAT in this kernel.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function withdraw(): void;
  export type IpAddress = import('cnidaria:plugin/types@0.1.0').IpAddress;
  export type IpPrefix = import('cnidaria:plugin/types@0.1.0').IpPrefix;
  export type PacketFilter = import('cnidaria:plugin/types@0.1.0').PacketFilter;
  export type TransportProtocol = import('cnidaria:plugin/types@0.1.0').TransportProtocol;
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
   * A port is 0 or asked for twice, the families of the addresses differ, the node has no such address, or a condition is no condition.
   * ## `"unsupported"`
   *
   * The packet filter is not there: no libnftables, no iptables, or no NAT in this kernel.
   * ## `"busy"`
   *
   * Another program is changing the packet filter for too long: try again later.
   */
  export type ErrorCode = 'not-permitted' | 'conflict' | 'invalid-argument' | 'unsupported' | 'busy';
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
   * Which packets are redirected: those of which all of it holds. What is absent, or empty, does not matter. Addresses are of the family
   * of the ports, at most 64 in a list.
   */
  export interface Conditions {
    /**
     * Link that they come in on: 1 to 15 letters, digits and `. _ - :`. What the node itself sends comes in on none.
     */
    incomingLink?: string | undefined,
    /**
     * Link that they must not come in on.
     */
    excludedLink?: string | undefined,
    /**
     * Where they come from: one of these.
     */
    sources: Array<IpPrefix>,
    /**
     * Where they must not come from: none of these.
     */
    excludedSources: Array<IpPrefix>,
    /**
     * Address on the node that they are for: one of these.
     */
    destinations: Array<IpPrefix>,
    /**
     * Address on the node that they must not be for: none of these.
     */
    excludedDestinations: Array<IpPrefix>,
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
     * Which packets to IPv4 ports are redirected; absent: every one.
     */
    conditionsV4?: Conditions | undefined,
    /**
     * Which packets to IPv6 ports are redirected; absent: every one.
     */
    conditionsV6?: Conditions | undefined,
    /**
     * What redirects; absent: nftables, or iptables where the node has no nftables.
     */
    packetFilter?: PacketFilter | undefined,
  }
}
