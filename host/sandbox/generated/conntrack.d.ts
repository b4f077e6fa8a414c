// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/conntrack@0.1.0 **/
/**
 * Forgets flows, and says how many.
 *
 * Needs grant: `conntrack`; each port must be one that this attachment has published, each address one of its own.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover a port, or an address is not this attachment's.
 * - `unsupported`: this kernel does not track connections.
 */
export function forget(flows: Array<FlowFilter>): number;
export type IpAddress = import('./types.js').IpAddress;
export type TransportProtocol = import('./types.js').TransportProtocol;
/**
 * Why an operation on remembered flows failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the port, or the address is not this attachment's.
 * ## `"unsupported"`
 *
 * This kernel does not track connections.
 */
export type ErrorCode = 'not-permitted' | 'unsupported';
/**
 * Flows by what they were first sent to.
 */
export interface FlowFilter {
  /**
   * Their protocol.
   */
  protocol: TransportProtocol,
  /**
   * Port that they were first sent to: 1 to 65535.
   */
  destinationPort: number,
  /**
   * Address of the container that they were, or should be, redirected to: its family is theirs.
   */
  containerAddress: IpAddress,
}
