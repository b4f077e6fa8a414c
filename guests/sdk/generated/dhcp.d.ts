// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/dhcp@0.1.0' {
  /**
   * Gets a lease for the call's link, or the one that the attachment has.
   *
   * Nothing is left behind when it fails.
   *
   * Needs grant: `dhcp` with each option.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it, or an option.
   * - `not-found`: the container has no such link, or the namespace is gone.
   * - `invalid-argument`: an option is longer than 255 bytes.
   * - `timed-out`: no server answered in the time given.
   * - `refused`: the server refused, or its answer cannot be used.
   */
  export function acquire(request: DhcpRequest): DhcpLease;
  /**
   * Reads the lease of this attachment.
   *
   * Needs grant: `dhcp`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   * - `no-lease`: the attachment has none, or it has run out.
   */
  export function get(): DhcpLease;
  /**
   * Gives the lease of this attachment back. Having none is no error.
   *
   * Needs grant: `dhcp`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover it.
   */
  export function release(): void;
  export type IpAddress = import('cnidaria:plugin/types@0.1.0').IpAddress;
  export type IpPrefix = import('cnidaria:plugin/types@0.1.0').IpPrefix;
  /**
   * Why an operation on a DHCP lease failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover it, or an option.
   * ## `"not-found"`
   *
   * The call's container has no such link, or the namespace is gone.
   * ## `"invalid-argument"`
   *
   * An option is longer than 255 bytes.
   * ## `"timed-out"`
   *
   * No server answered in the time given.
   * ## `"refused"`
   *
   * The server refused, or its answer cannot be used.
   * ## `"no-lease"`
   *
   * The attachment has no lease.
   */
  export type ErrorCode = 'not-permitted' | 'not-found' | 'invalid-argument' | 'timed-out' | 'refused' | 'no-lease';
  /**
   * An option by its number. Source: RFC 2132.
   */
  export interface DhcpOption {
    /**
     * Number: 1 to 254.
     */
    number: number,
    /**
     * Content: at most 255 bytes.
     */
    content: Uint8Array,
  }
  /**
   * What is asked of the server.
   */
  export interface DhcpRequest {
    /**
     * Options that are sent.
     */
    provided: Array<DhcpOption>,
    /**
     * Numbers of options that are asked for.
     */
    requested: Uint8Array,
    /**
     * How long to go on asking.
     */
    timeoutMilliseconds: number,
  }
  /**
   * A route that the server gave.
   */
  export interface DhcpRoute {
    /**
     * Destination.
     */
    destination: IpPrefix,
    /**
     * Next hop; absent: the destination is on the link.
     */
    gateway?: IpAddress | undefined,
  }
  /**
   * What the server gave.
   */
  export interface DhcpLease {
    /**
     * The address and its prefix.
     */
    address: IpPrefix,
    /**
     * The first router.
     */
    gateway?: IpAddress | undefined,
    /**
     * Routes: of option 121 where the server sent it, else of option 33, and the default route.
     */
    routes: Array<DhcpRoute>,
    /**
     * Every option of the server's answer, in order of number.
     */
    options: Array<DhcpOption>,
    /**
     * How long the lease holds from now on.
     */
    remainingSeconds: number,
  }
}
