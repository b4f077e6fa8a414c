// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/forward-rules@0.1.0' {
  /**
   * Has the node forward what the addresses send, and what belongs to flows towards them. By a packet filter: absent, by nftables, and by
   * iptables as well where that drops what none of its rules accepts, or where the node has no nftables.
   *
   * With `zone`, a name of firewalld's: where firewalld runs and no packet filter was asked for, or it was asked for, the addresses are made
   * sources of that zone, and nothing else is done.
   *
   * When it fails, none of them is left behind.
   *
   * Needs grant: `forward-rules`, with the packet filter in `backends` and the zone in `zones`; each address must be one that the previous
   * result gave.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it, or an address is not this attachment's.
   * - `conflict`: an address is another attachment's, or a source of another zone.
   * - `unsupported`: the packet filter, or the zone, is not there.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function allow(addresses: Array<IpAddress>, packetFilter: PacketFilter | undefined, zone: string | undefined): void;
  /**
   * Lists the addresses that are allowed for this attachment, by the packet filter's own word.
   *
   * Needs grant: `forward-rules`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `unsupported`: the packet filter is not there.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function list(): Array<IpAddress>;
  /**
   * Removes what is allowed for this attachment. Nothing allowed is no error.
   *
   * Needs grant: `forward-rules`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `unsupported`: the packet filter is not there.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function remove(): void;
  /**
   * Isolates the containers of a bridge. Belongs to the network: it goes when no attachment asks for it any more. With `isolated` the
   * attachment's own port of the bridge is isolated too, until it goes. With `open` nothing is done.
   * By a packet filter: absent, by nftables, or by iptables where the node has no nftables; one that is isolated already keeps its own.
   *
   * Needs grant: `forward-rules` with that isolation, and with the packet filter in `backends`; the bridge must be one that this attachment's link is a port of.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover that isolation, or the attachment has no port of that bridge.
   * - `conflict`: attachments of the bridge ask for another isolation.
   * - `unsupported`: the packet filter is not there.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function isolate(bridge: string, isolation: Isolation, packetFilter: PacketFilter | undefined): void;
  /**
   * Names chains of the node's that drop forwarded packets which none of their rules accepts: what is allowed here does not get past
   * them. Of the families of what is allowed for this attachment.
   *
   * Needs grant: `forward-rules`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `unsupported`: the packet filter is not there.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function obstacles(): Array<string>;
  /**
   * Tells how a bridge is isolated, by the packet filter's own word.
   *
   * Needs grant: `forward-rules` with an isolation.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover isolation.
   * - `unsupported`: the packet filter is not there.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function isolationOf(bridge: string): Isolation;
  export type IpAddress = import('cnidaria:plugin/types@0.1.0').IpAddress;
  export type PacketFilter = import('cnidaria:plugin/types@0.1.0').PacketFilter;
  /**
   * Why an operation on forwarding rules failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover it, or an address or a bridge is not this attachment's.
   * ## `"conflict"`
   *
   * An address is another attachment's, or the bridge is isolated otherwise.
   * ## `"unsupported"`
   *
   * The packet filter is not there.
   * ## `"busy"`
   *
   * Another program is changing the packet filter for too long: try again later.
   */
  export type ErrorCode = 'not-permitted' | 'conflict' | 'unsupported' | 'busy';
  /**
   * What a bridge lets its containers reach.
   * # Variants
   *
   * ## `"open"`
   *
   * Everything.
   * ## `"same-bridge"`
   *
   * Containers of the same bridge, and what is not behind another isolated bridge.
   * ## `"isolated"`
   *
   * No container of the same bridge or of another isolated one.
   */
  export type Isolation = 'open' | 'same-bridge' | 'isolated';
}
