// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/bridge-vlans@0.1.0 **/
/**
 * Sets the VLANs of the port that this attachment has on a bridge, in place of those it has; with `keep-default`, beside them.
 *
 * When it fails, the port has those that it had.
 *
 * Needs grant: `bridge-vlans` with each VLAN; the port must be a link of this attachment.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover a VLAN, or the port is not a link of this attachment.
 * - `wrong-kind`: the link is no port of a bridge, or the bridge has no VLAN filtering.
 * - `invalid-argument`: a VLAN is outside 1 to 4094, or a range ends before it starts.
 * - `unsupported`: this kernel has no VLAN filtering. (EOPNOTSUPP)
 */
export function set(port: string, vlans: PortVlans, keepDefault: boolean): void;
/**
 * Reads the VLANs of the port that this attachment has on a bridge.
 *
 * Needs grant: `bridge-vlans`.
 *
 * # Errors
 * - `not-permitted`: the port is not a link of this attachment.
 * - `wrong-kind`: the link is no port of a bridge, or the bridge has no VLAN filtering.
 */
export function get(port: string): PortVlans;
/**
 * Makes sure that the node has a link in one VLAN of a bridge, up: `<bridge>.<vlan>`, a veth whose other end is a port with that VLAN untagged. It belongs to the network, as the bridge does.
 *
 * Nothing that it made is left behind when it fails.
 *
 * Needs grant: `bridge-vlans` with that VLAN and `gateway`; `node-links` with that bridge.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the bridge, the VLAN or a gateway, or a link of that name is somebody else's.
 * - `wrong-kind`: the bridge is none, or has no VLAN filtering.
 * - `invalid-argument`: the VLAN is outside 1 to 4094, or the name would be longer than 15 bytes.
 * - `unsupported`: this kernel has no VLAN filtering. (EOPNOTSUPP)
 */
export function ensureGatewayLink(bridge: string, vlanId: number): LinkInfo;
export type LinkInfo = import('./types.js').LinkInfo;
/**
 * Why an operation on VLANs failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the bridge or a VLAN, or the port is not a link of this attachment.
 * ## `"wrong-kind"`
 *
 * The link is no port of a bridge, or the bridge has no VLAN filtering.
 * ## `"invalid-argument"`
 *
 * A VLAN is outside 1 to 4094, or a range ends before it starts.
 * ## `"unsupported"`
 *
 * This kernel has no VLAN filtering. (EOPNOTSUPP)
 */
export type ErrorCode = 'not-permitted' | 'wrong-kind' | 'invalid-argument' | 'unsupported';
/**
 * VLANs from `first` to `last`, both included.
 */
export interface VlanRange {
  /**
   * First VLAN: 1 to 4094.
   */
  first: number,
  /**
   * Last VLAN: 1 to 4094.
   */
  last: number,
}
/**
 * The VLANs of a port.
 */
export interface PortVlans {
  /**
   * VLAN of packets without a tag; absent: none.
   */
  untagged?: number | undefined,
  /**
   * VLANs that pass with their tag.
   */
  tagged: Array<VlanRange>,
}
