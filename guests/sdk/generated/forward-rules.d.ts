// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/forward-rules@0.1.0' {
  /**
   * Has the node forward what the addresses send, and what belongs to flows towards them.
   *
   * When it fails, none of them is left behind.
   *
   * Needs grant: `forward-rules`; each address must be one that the previous result gave.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it, or an address is not this attachment's.
   * - `unsupported`: the packet filter is not there.
   */
  export function allow(addresses: Array<IpAddress>): void;
  /**
   * Lists the addresses that are allowed for this attachment, by the packet filter's own word.
   *
   * Needs grant: `forward-rules`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `unsupported`: the packet filter is not there.
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
   */
  export function remove(): void;
  /**
   * Isolates the containers of a bridge. Belongs to the network: it goes when no attachment uses the bridge any more.
   *
   * Needs grant: `forward-rules` with `isolation` and that bridge.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover isolation or the bridge.
   * - `unsupported`: the packet filter is not there.
   */
  export function isolate(bridge: string, isolation: Isolation): void;
  /**
   * Puts the addresses into a zone of firewalld; they leave it when the attachment goes.
   *
   * When it fails, none of them is left behind.
   *
   * Needs grant: `forward-rules` with that zone; each address must be one that the previous result gave.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the zone, or an address is not this attachment's.
   * - `unavailable`: no firewalld on this node, or it refused.
   */
  export function joinZone(zone: string, addresses: Array<IpAddress>): void;
  /**
   * Tells whether the addresses are all in a zone of firewalld.
   *
   * Needs grant: `forward-rules` with that zone.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the zone, or an address is not this attachment's.
   * - `unavailable`: no firewalld on this node.
   */
  export function inZone(zone: string, addresses: Array<IpAddress>): boolean;
  export type IpAddress = import('cnidaria:plugin/types@0.1.0').IpAddress;
  /**
   * Why an operation on forwarding rules failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover it, or an address or a bridge is not this attachment's.
   * ## `"unsupported"`
   *
   * The packet filter is not there.
   * ## `"unavailable"`
   *
   * No firewalld on this node, or it refused.
   */
  export type ErrorCode = 'not-permitted' | 'unsupported' | 'unavailable';
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
   * No container at all.
   */
  export type Isolation = 'open' | 'same-bridge' | 'isolated';
}
