// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/container-virtual-links@0.1.0 **/
/**
 * Makes a dummy link with the call's `ifname`, down.
 *
 * Nothing is left behind when it fails.
 *
 * Needs grant: `container-virtual-links` with kind `dummy`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the kind.
 * - `already-exists`: the container has a link of that name. (EEXIST)
 * - `unsupported`: this kernel lacks the kind. (EOPNOTSUPP)
 * - `no-namespace`: the namespace is gone.
 */
export function createDummy(container: ContainerNamespace): LinkInfo;
/**
 * Makes a TAP link with the call's `ifname` that stays when nobody has it open, down.
 *
 * Nothing is left behind when it fails.
 *
 * Needs grant: `container-virtual-links` with kind `tap`, that owner and that context.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the kind, the owner or the context.
 * - `not-found`: the container has no such bridge. (ENODEV)
 * - `already-exists`: the container has a link of that name. (EEXIST)
 * - `invalid-argument`: MTU or hardware address refused by the kernel. (EINVAL, ERANGE, EADDRNOTAVAIL)
 * - `unsupported`: this kernel lacks TAP links or SELinux. (EOPNOTSUPP, ENOENT)
 * - `no-namespace`: the namespace is gone.
 */
export function createTap(container: ContainerNamespace, options: TapOptions): LinkInfo;
export type LinkInfo = import('./types.js').LinkInfo;
export type MacAddress = import('./types.js').MacAddress;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
/**
 * Why an operation on such a link failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the kind, the owner or the label; nothing was asked of the kernel.
 * ## `"not-found"`
 *
 * The container has no such bridge. (ENODEV)
 * ## `"already-exists"`
 *
 * The container has a link of that name. (EEXIST)
 * ## `"invalid-argument"`
 *
 * A value is out of range for the kernel. (EINVAL, ERANGE)
 * ## `"unsupported"`
 *
 * This kernel lacks the kind, or labels. (EOPNOTSUPP, ENOENT)
 * ## `"no-namespace"`
 *
 * The namespace is gone.
 */
export type ErrorCode = 'not-permitted' | 'not-found' | 'already-exists' | 'invalid-argument' | 'unsupported' | 'no-namespace';
/**
 * A TAP link as it is wanted.
 */
export interface TapOptions {
  /**
   * Several queues.
   */
  multiQueue: boolean,
  /**
   * MTU; absent: the kernel's default.
   */
  mtuBytes?: number | undefined,
  /**
   * Hardware address; absent: the kernel's choice.
   */
  mac?: MacAddress | undefined,
  /**
   * Number of the user that may open it; absent: root alone.
   */
  ownerUid?: number | undefined,
  /**
   * Number of the group that may open it; absent: none.
   */
  ownerGid?: number | undefined,
  /**
   * SELinux context that it is made with; absent: the default.
   */
  selinuxContext?: string | undefined,
  /**
   * Bridge in the container that it becomes a port of; absent: none.
   */
  bridge?: string | undefined,
}
