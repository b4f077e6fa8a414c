// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./container-namespace.d.ts" />
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/announce@0.1.0' {
  /**
   * Announces addresses that a link of the container has, with the link's own hardware address, once each.
   *
   * Needs grant: `announce`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the link, or the link does not have one of the addresses.
   * - `not-found`: no such link. (ENODEV)
   * - `link-down`: the link is down. (ENETDOWN)
   * - `no-namespace`: the namespace is gone.
   */
  export function addresses(container: ContainerNamespace, link: string, addresses: Array<IpAddress>): void;
  export type IpAddress = import('cnidaria:plugin/types@0.1.0').IpAddress;
  export type ContainerNamespace = import('cnidaria:plugin/container-namespace@0.1.0').ContainerNamespace;
  /**
   * Why an announcement failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover the link, or it does not have an address.
   * ## `"not-found"`
   *
   * No such link in the container. (ENODEV)
   * ## `"link-down"`
   *
   * The link is down. (ENETDOWN)
   * ## `"no-namespace"`
   *
   * The namespace is gone.
   */
  export type ErrorCode = 'not-permitted' | 'not-found' | 'link-down' | 'no-namespace';
}
