// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/devices@0.1.0 **/
/**
 * Finds a device.
 *
 * Needs grant: `devices` with that device.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the device, or there is none.
 */
export function find(selector: Selector): Device;
/**
 * Moves a device's link into the container under a new name, down. Its name, and whether it was up, are kept for the way back.
 *
 * When it fails, the device is on the node as it was.
 *
 * Needs grant: `devices` with that device.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the device, or there is none, or `ifname` is not the call's.
 * - `already-exists`: the container has a link of that name. (EEXIST)
 * - `busy`: it has a master, carries the node's default route, or another attachment has it. (EBUSY)
 * - `invalid-argument`: the device cannot leave its namespace. (EINVAL)
 * - `no-namespace`: the namespace is gone.
 */
export function moveIn(container: ContainerNamespace, selector: Selector, ifname: string): LinkInfo;
/**
 * Moves the device of this attachment back to the node, under the name that it had. Having none is no error.
 *
 * When it fails, the device is in the container as it was.
 *
 * Needs grant: `devices`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover devices.
 * - `already-exists`: the node has another link of that name by now. (EEXIST)
 * - `no-namespace`: the namespace is gone; the kernel has put the device back, or it is lost.
 */
export function moveBack(container: ContainerNamespace): void;
export type LinkInfo = import('./types.js').LinkInfo;
export type MacAddress = import('./types.js').MacAddress;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
/**
 * Why an operation on a device failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the device, or there is none: the two are not told apart.
 * ## `"already-exists"`
 *
 * The container has a link of that name. (EEXIST)
 * ## `"busy"`
 *
 * The device is in use: it has a master, carries the node's default route, or another attachment has it. (EBUSY)
 * ## `"invalid-argument"`
 *
 * The device cannot leave its namespace. (EINVAL)
 * ## `"no-namespace"`
 *
 * The namespace is gone.
 */
export type ErrorCode = 'not-permitted' | 'already-exists' | 'busy' | 'invalid-argument' | 'no-namespace';
/**
 * How a device is named.
 */
export type Selector = SelectorLinkName | SelectorMac | SelectorPciAddress | SelectorAuxiliaryDevice | SelectorKernelPath;
/**
 * By the name of its link on the node.
 */
export interface SelectorLinkName {
  tag: 'link-name',
  val: string,
}
/**
 * By its hardware address.
 */
export interface SelectorMac {
  tag: 'mac',
  val: MacAddress,
}
/**
 * By its PCI address, such as `0000:03:00.1`.
 */
export interface SelectorPciAddress {
  tag: 'pci-address',
  val: string,
}
/**
 * By its name on the auxiliary bus, such as `mlx5_core.sf.4`.
 */
export interface SelectorAuxiliaryDevice {
  tag: 'auxiliary-device',
  val: string,
}
/**
 * By its path in the kernel's tree below `/sys/devices/`.
 */
export interface SelectorKernelPath {
  tag: 'kernel-path',
  val: string,
}
/**
 * A device of the node.
 */
export interface Device {
  /**
   * Its link; absent: a driver in user space has it.
   */
  link?: LinkInfo | undefined,
  /**
   * Its PCI address, where it has one.
   */
  pciAddress?: string | undefined,
  /**
   * Name of its driver, where it has one.
   */
  driver?: string | undefined,
}
