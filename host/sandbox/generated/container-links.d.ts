// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/container-links@0.1.0 **/
/**
 * Makes a veth pair: the container's end, down, and the node's end, up, `accept_ra` off, on a bridge if asked.
 *
 * Nothing is left behind when it fails.
 *
 * Needs grant: `container-links` with kind `veth`; for `port`, `node-links` with that bridge.
 *
 * # Errors
 * - `not-permitted`: `ifname` is not the call's, or the grant does not cover the kind or the bridge.
 * - `already-exists`: either name is taken. (EEXIST)
 * - `not-found`: the bridge is not there. (ENODEV)
 * - `invalid-argument`: MTU or hardware address refused by the kernel. (EINVAL, ERANGE, EADDRNOTAVAIL)
 * - `limit-reached`: the bridge has no free port. (EXFULL)
 * - `no-namespace`: the namespace is gone.
 */
export function createVeth(container: ContainerNamespace, options: VethOptions): VethPair;
/**
 * Starts what `create-veth` does, and does not wait for it: `started-veth` gives the pair. What a batch asks meanwhile is done after it, or
 * not at all when it fails; anything else waits for it. Once in a call.
 *
 * Needs grant: `container-links` with kind `veth`; for `port`, `node-links` with that bridge.
 *
 * # Errors
 * - none. What went wrong is told by `started-veth`.
 */
export function startVeth(container: ContainerNamespace, options: VethOptions): void;
/**
 * Waits for what `start-veth` started, and gives the pair. Traps when nothing was started.
 *
 * Needs grant: `container-links`.
 *
 * # Errors
 * - `not-permitted`: `ifname` is not the call's, or the grant does not cover the kind or the bridge.
 * - `already-exists`: either name is taken. (EEXIST)
 * - `not-found`: the bridge is not there. (ENODEV)
 * - `invalid-argument`: MTU or hardware address refused by the kernel. (EINVAL, ERANGE, EADDRNOTAVAIL)
 * - `limit-reached`: the bridge has no free port. (EXFULL)
 * - `no-namespace`: the namespace is gone.
 */
export function startedVeth(container: ContainerNamespace): VethPair;
/**
 * Reads one link of the container.
 *
 * Needs grant: `container-links`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover that name.
 * - `not-found`: no such link. (ENODEV)
 * - `no-namespace`: the namespace is gone.
 */
export function get(container: ContainerNamespace, name: string): LinkInfo;
/**
 * Sets a link up and waits until it can carry packets.
 *
 * Needs grant: `container-links` with `set` including `up`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the name or the change.
 * - `not-found`: no such link. (ENODEV)
 * - `timed-out`: up, but without a carrier after `timeout-milliseconds`; 0 does not wait.
 * - `no-namespace`: the namespace is gone.
 */
export function setUp(container: ContainerNamespace, name: string, timeoutMilliseconds: number): void;
/**
 * Sets a link down.
 *
 * Needs grant: `container-links` with `set` including `down`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the name or the change.
 * - `not-found`: no such link. (ENODEV)
 * - `no-namespace`: the namespace is gone.
 */
export function setDown(container: ContainerNamespace, name: string): void;
/**
 * Deletes a link that this attachment made, and with a veth its other end.
 *
 * Needs grant: `container-links`.
 *
 * # Errors
 * - `not-permitted`: the attachment does not own a link of that name.
 * - `not-found`: it is gone already. (ENODEV)
 * - `no-namespace`: the namespace is gone, and the link with it.
 */
export { _delete as delete };
function _delete(container: ContainerNamespace, name: string): void;
export type LinkInfo = import('./types.js').LinkInfo;
export type MacAddress = import('./types.js').MacAddress;
export type OperationalState = import('./types.js').OperationalState;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
/**
 * Why an operation on a container's link failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover it; nothing was asked of the kernel.
 * ## `"not-found"`
 *
 * No such link in the container. (ENODEV)
 * ## `"already-exists"`
 *
 * The container has a link of that name. (EEXIST)
 * ## `"invalid-argument"`
 *
 * A value is out of range for the kernel. (EINVAL, ERANGE)
 * ## `"no-namespace"`
 *
 * The namespace is gone.
 * ## `"busy"`
 *
 * The link is in use by something else. (EBUSY)
 * ## `"unsupported"`
 *
 * This kernel lacks the feature. (EOPNOTSUPP)
 * ## `"limit-reached"`
 *
 * A limit of the kernel is reached, such as a bridge's 1,024 ports. (EXFULL, ENOSPC)
 * ## `"timed-out"`
 *
 * Not up in the time given.
 */
export type ErrorCode = 'not-permitted' | 'not-found' | 'already-exists' | 'invalid-argument' | 'no-namespace' | 'busy' | 'unsupported' | 'limit-reached' | 'timed-out';
/**
 * Where the node end of a veth pair is plugged in.
 */
export interface BridgePort {
  /**
   * Name of the bridge on the node.
   */
  bridge: string,
  /**
   * Packets may leave by the port they came in on.
   */
  hairpin: boolean,
  /**
   * May not speak to other isolated ports.
   */
  isolated: boolean,
}
/**
 * How duplicate address detection is done on a new link.
 * # Variants
 *
 * ## `"kernel-default"`
 *
 * The kernel's default.
 * ## `"off"`
 *
 * None.
 * ## `"enhanced"`
 *
 * With the nonce of RFC 7527.
 */
export type DuplicateAddressDetection = 'kernel-default' | 'off' | 'enhanced';
/**
 * A complete veth attachment.
 */
export interface VethOptions {
  /**
   * Name of the container's end. Must be the call's `ifname`.
   */
  ifname: string,
  /**
   * Name of the node's end; absent: `veth` and 8 random hexadecimal digits.
   */
  nodeName?: string | undefined,
  /**
   * MTU of both ends; absent: the kernel's default.
   */
  mtuBytes?: number | undefined,
  /**
   * Hardware address of the container's end; absent: the kernel's choice.
   */
  mac?: MacAddress | undefined,
  /**
   * Port that the node's end becomes; absent: none.
   */
  port?: BridgePort | undefined,
  /**
   * Of the container's end, and of the node's end where it is no port.
   */
  duplicateAddressDetection: DuplicateAddressDetection,
  /**
   * The container's end announces its addresses when it comes up (`arp_notify`).
   */
  announce: boolean,
}
/**
 * Both ends of a veth pair.
 */
export interface VethPair {
  /**
   * The container's end, down.
   */
  container: LinkInfo,
  /**
   * The node's end, up.
   */
  node: LinkInfo,
}
