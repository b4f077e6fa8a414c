// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./container-namespace.d.ts" />
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/container-link-attributes@0.1.0' {
  /**
   * Changes a link. The host keeps what it replaces, and puts it back on DEL where the link is still there.
   *
   * When it fails, the link is as it was.
   *
   * Needs grant: `container-link-attributes` with each attribute.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the link or an attribute.
   * - `not-found`: no such link. (ENODEV)
   * - `invalid-argument`: a value is out of range for the kernel. (EINVAL, ERANGE, EADDRNOTAVAIL)
   * - `unsupported`: the link cannot change that, or not while it is up. (EBUSY, EOPNOTSUPP)
   * - `no-namespace`: the namespace is gone.
   */
  export function set(container: ContainerNamespace, name: string, changes: LinkChanges): LinkInfo;
  /**
   * Puts back what this attachment has replaced. Nothing replaced is no error.
   *
   * Needs grant: `container-link-attributes`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the link.
   * - `not-found`: no such link, and nothing to put back. (ENODEV)
   * - `no-namespace`: the namespace is gone.
   */
  export function restore(container: ContainerNamespace, name: string): void;
  export type LinkInfo = import('cnidaria:plugin/types@0.1.0').LinkInfo;
  export type MacAddress = import('cnidaria:plugin/types@0.1.0').MacAddress;
  export type ContainerNamespace = import('cnidaria:plugin/container-namespace@0.1.0').ContainerNamespace;
  /**
   * Why a change of a link failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover the link or an attribute; nothing was asked of the kernel.
   * ## `"not-found"`
   *
   * No such link in the container. (ENODEV)
   * ## `"invalid-argument"`
   *
   * A value is out of range for the kernel. (EINVAL, ERANGE)
   * ## `"unsupported"`
   *
   * The link cannot change that, or not while it is up. (EBUSY, EOPNOTSUPP)
   * ## `"no-namespace"`
   *
   * The namespace is gone.
   */
  export type ErrorCode = 'not-permitted' | 'not-found' | 'invalid-argument' | 'unsupported' | 'no-namespace';
  /**
   * What is to be changed. What is absent stays.
   */
  export interface LinkChanges {
    /**
     * MTU.
     */
    mtuBytes?: number | undefined,
    /**
     * Hardware address.
     */
    mac?: MacAddress | undefined,
    /**
     * Promiscuous.
     */
    promiscuous?: boolean | undefined,
    /**
     * Receives every multicast packet.
     */
    allMulticast?: boolean | undefined,
    /**
     * Length of its transmit queue, in packets.
     */
    transmitQueueLength?: number | undefined,
  }
}
