// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/container-routes@0.1.0 **/
/**
 * Adds routes over a link, in order.
 *
 * When it fails, none of them is left behind.
 *
 * Needs grant: `container-routes`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link or a table.
 * - `not-found`: no such link. (ENODEV)
 * - `already-exists`: that route is there. (EEXIST)
 * - `unreachable`: the gateway is not on the link. (ENETUNREACH, EHOSTUNREACH)
 * - `invalid-argument`: refused by the kernel. (EINVAL)
 * - `no-namespace`: the namespace is gone.
 */
export function add(container: ContainerNamespace, link: string, routes: Array<Route>, mode: RouteMode): void;
/**
 * Lists the routes over one link, of every table but the local one, at most 1,024.
 *
 * Needs grant: `container-routes`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link.
 * - `not-found`: no such link. (ENODEV)
 * - `limit-reached`: there are more.
 * - `no-namespace`: the namespace is gone.
 */
export function list(container: ContainerNamespace, link: string, family: IpFamily): Array<Route>;
/**
 * Deletes routes over a link. One that is not there is passed over.
 *
 * Needs grant: `container-routes` with `delete`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the link or the deletion.
 * - `not-found`: no such link. (ENODEV)
 * - `no-namespace`: the namespace is gone.
 */
export { _delete as delete };
function _delete(container: ContainerNamespace, link: string, routes: Array<Route>): void;
export type IpAddress = import('./types.js').IpAddress;
export type IpPrefix = import('./types.js').IpPrefix;
export type IpFamily = import('./types.js').IpFamily;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
/**
 * Why an operation on a container's routes failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the link or a route; nothing was asked of the kernel.
 * ## `"not-found"`
 *
 * No such link or route in the container. (ENODEV, ESRCH)
 * ## `"already-exists"`
 *
 * That route is there. (EEXIST)
 * ## `"invalid-argument"`
 *
 * Refused by the kernel. (EINVAL)
 * ## `"unreachable"`
 *
 * The gateway cannot be reached over the link. (ENETUNREACH, EHOSTUNREACH)
 * ## `"no-namespace"`
 *
 * The namespace is gone.
 * ## `"limit-reached"`
 *
 * More routes than are listed: 1,024.
 */
export type ErrorCode = 'not-permitted' | 'not-found' | 'already-exists' | 'invalid-argument' | 'unreachable' | 'no-namespace' | 'limit-reached';
/**
 * How far a destination is. Source: RT_SCOPE_*, linux/rtnetlink.h.
 * # Variants
 *
 * ## `"global"`
 *
 * Beyond a gateway, or anywhere.
 * ## `"link"`
 *
 * On this link.
 * ## `"host"`
 *
 * On this machine.
 */
export type RouteScope = 'global' | 'link' | 'host';
/**
 * What happens when there is such a route.
 * # Variants
 *
 * ## `"exclusive"`
 *
 * It fails with `already-exists`.
 * ## `"append"`
 *
 * The new one is another path beside it.
 * ## `"replace"`
 *
 * The new one replaces it.
 */
export type RouteMode = 'exclusive' | 'append' | 'replace';
/**
 * One route over one link.
 */
export interface Route {
  /**
   * Destination; prefix length 0 is the default route.
   */
  destination: IpPrefix,
  /**
   * Next hop; absent: the destination is on the link.
   */
  gateway?: IpAddress | undefined,
  /**
   * Preferred source address.
   */
  source?: IpAddress | undefined,
  /**
   * Scope; absent: `global` with a gateway, `link` without one.
   */
  scope?: RouteScope | undefined,
  /**
   * Routing table; absent: the main one, 254.
   */
  table?: number | undefined,
  /**
   * Priority; absent: the kernel's.
   */
  priority?: number | undefined,
  /**
   * Path MTU.
   */
  mtuBytes?: number | undefined,
  /**
   * Maximal segment size to advertise.
   */
  advmssBytes?: number | undefined,
}
