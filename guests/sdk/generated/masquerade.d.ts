// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/masquerade@0.1.0' {
  /**
   * Masquerades packets from each address to anything outside its subnet that is not multicast. By a packet filter: absent, by nftables,
   * or by iptables where the node has no nftables. What is there already keeps the one that it was made with.
   *
   * When it fails, none of them is left behind.
   *
   * Needs grant: `masquerade`, with the packet filter in `backends`; each address must be one that the call's IPAM plugin, or the previous result, gave.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it, or an address is not this attachment's.
   * - `conflict`: another attachment has it masqueraded.
   * - `unsupported`: no libnftables, no iptables, or no NAT in this kernel.
   * - `invalid-argument`: the packet filter refused it.
   * - `busy`: another program is changing the packet filter for too long.
   */
  export function set(addresses: Array<IpPrefix>, packetFilter: PacketFilter | undefined): void;
  /**
   * Lists what this plugin has masqueraded for this attachment, by the packet filter's own word.
   *
   * Needs grant: `masquerade`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `unsupported`: no libnftables, no iptables, or no NAT in this kernel.
   */
  export function list(): Array<IpPrefix>;
  /**
   * Removes what this plugin has masqueraded for this attachment.
   *
   * Needs grant: `masquerade`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `unsupported`: no libnftables, no iptables, or no NAT in this kernel.
   */
  export function remove(): void;
  export type IpPrefix = import('cnidaria:plugin/types@0.1.0').IpPrefix;
  export type PacketFilter = import('cnidaria:plugin/types@0.1.0').PacketFilter;
  /**
   * Why an operation on masquerading failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover it, or an address is not this attachment's.
   * ## `"conflict"`
   *
   * An address is masqueraded for another attachment.
   * ## `"unsupported"`
   *
   * The packet filter is not there: no libnftables, no iptables, or no NAT in this kernel.
   * ## `"invalid-argument"`
   *
   * The packet filter refused it.
   * ## `"busy"`
   *
   * Another program is changing the packet filter for too long: try again later.
   */
  export type ErrorCode = 'not-permitted' | 'conflict' | 'unsupported' | 'invalid-argument' | 'busy';
}
