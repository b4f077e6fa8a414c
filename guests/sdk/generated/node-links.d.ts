// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/node-links@0.1.0' {
  /**
   * Makes sure that a bridge is there and up, with `accept_ra` off, and counts the attachment as a user of it. A bridge that nobody uses any more is deleted by the host.
   *
   * Needs grant: `node-links` with that bridge; one that Cnidaria did not make must be listed under `adopt`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the name, or the bridge is somebody else's.
   * - `wrong-kind`: a link of that name is there and is no bridge.
   * - `invalid-argument`: MTU refused by the kernel. (EINVAL, ERANGE)
   * - `unsupported`: no bridges, or no VLAN filtering, in this kernel. (EOPNOTSUPP)
   */
  export function ensureBridge(options: BridgeOptions): LinkInfo;
  /**
   * Reads one link of the node.
   *
   * Needs grant: `node-links` with that name, or a link of this attachment.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the name, or there is no such link.
   */
  export function get(name: string): LinkInfo;
  /**
   * Waits until a link of this attachment can carry packets, and reads it.
   *
   * Needs grant: `node-links`.
   *
   * # Errors
   * - `not-permitted`: not a link of this attachment.
   * - `timed-out`: without a carrier after `timeout-milliseconds`.
   */
  export function waitUntilUp(name: string, timeoutMilliseconds: number): LinkInfo;
  export type LinkInfo = import('cnidaria:plugin/types@0.1.0').LinkInfo;
  /**
   * Why an operation on a node's link failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover the name, or there is no such link: the two are not told apart.
   * ## `"wrong-kind"`
   *
   * The link is of another kind than the operation needs.
   * ## `"invalid-argument"`
   *
   * A value is out of range for the kernel. (EINVAL, ERANGE)
   * ## `"busy"`
   *
   * The link is in use by something else. (EBUSY)
   * ## `"unsupported"`
   *
   * This kernel lacks the feature, such as VLAN filtering. (EOPNOTSUPP)
   * ## `"limit-reached"`
   *
   * A limit of the kernel is reached. (ENOSPC, EXFULL)
   * ## `"timed-out"`
   *
   * Without a carrier after the time given.
   */
  export type ErrorCode = 'not-permitted' | 'wrong-kind' | 'invalid-argument' | 'busy' | 'unsupported' | 'limit-reached' | 'timed-out';
  /**
   * A bridge as the network's configuration wants it.
   */
  export interface BridgeOptions {
    /**
     * Its name: 1 to 15 bytes.
     */
    name: string,
    /**
     * MTU when it is created; absent: the kernel's default.
     */
    mtuBytes?: number | undefined,
    /**
     * Create it with VLAN filtering.
     */
    vlanFiltering: boolean,
    /**
     * Set it promiscuous; false leaves it as it is.
     */
    promiscuous: boolean,
  }
}
