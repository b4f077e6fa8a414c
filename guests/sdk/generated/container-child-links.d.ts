// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./container-namespace.d.ts" />
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/container-child-links@0.1.0' {
  /**
   * Makes a macvlan link, down.
   *
   * Nothing is left behind when it fails.
   *
   * Needs grant: `container-child-links` with kind `macvlan`, that mode and that parent.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the parent, the kind or the mode, or there is no such parent.
   * - `already-exists`: the container has a link of that name. (EEXIST)
   * - `invalid-argument`: MTU or hardware address refused by the kernel. (EINVAL, ERANGE, EADDRNOTAVAIL)
   * - `busy`: the parent is used in a way that excludes this one. (EBUSY)
   * - `unsupported`: this kernel lacks the kind. (EOPNOTSUPP)
   * - `no-namespace`: the namespace is gone.
   */
  export function createMacvlan(container: ContainerNamespace, options: ChildOptions, macvlan: MacvlanOptions): LinkInfo;
  /**
   * Makes an ipvlan link, down.
   *
   * Nothing is left behind when it fails.
   *
   * Needs grant: `container-child-links` with kind `ipvlan` and that parent.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the parent or the kind, or there is no such parent.
   * - `already-exists`: the container has a link of that name. (EEXIST)
   * - `invalid-argument`: MTU refused by the kernel. (EINVAL, ERANGE)
   * - `busy`: the parent is used in a way that excludes this one. (EBUSY)
   * - `unsupported`: this kernel lacks the kind. (EOPNOTSUPP)
   * - `no-namespace`: the namespace is gone.
   */
  export function createIpvlan(container: ContainerNamespace, options: ChildOptions, mode: IpvlanMode): LinkInfo;
  /**
   * Makes a VLAN link (IEEE 802.1Q), down.
   *
   * Nothing is left behind when it fails.
   *
   * Needs grant: `container-child-links` with kind `vlan`, that VLAN and that parent.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the parent, the kind or the VLAN, or there is no such parent.
   * - `already-exists`: the container has a link of that name, or the parent has that VLAN. (EEXIST)
   * - `invalid-argument`: MTU or VLAN refused by the kernel. (EINVAL, ERANGE)
   * - `unsupported`: this kernel lacks the kind. (EOPNOTSUPP)
   * - `no-namespace`: the namespace is gone.
   */
  export function createVlan(container: ContainerNamespace, options: ChildOptions, vlanId: number): LinkInfo;
  /**
   * Reads a link of one of the kinds.
   *
   * Needs grant: `container-child-links`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover that name.
   * - `not-found`: no such link. (ENODEV)
   * - `wrong-kind`: it is of another kind.
   * - `no-namespace`: the namespace is gone.
   */
  export function get(container: ContainerNamespace, name: string): ChildInfo;
  /**
   * Reads the link that would be ridden on.
   *
   * Needs grant: `container-child-links` with that parent.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the parent, or there is none.
   * - `no-namespace`: the parent is in the container, and the namespace is gone.
   */
  export function getParent(container: ContainerNamespace, parent: ParentLink): LinkInfo;
  export type LinkInfo = import('cnidaria:plugin/types@0.1.0').LinkInfo;
  export type MacAddress = import('cnidaria:plugin/types@0.1.0').MacAddress;
  export type ContainerNamespace = import('cnidaria:plugin/container-namespace@0.1.0').ContainerNamespace;
  /**
   * Why an operation on such a link failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover the parent or the kind, or there is no such parent on the node: the two are not told apart.
   * ## `"not-found"`
   *
   * No such link in the container. (ENODEV)
   * ## `"already-exists"`
   *
   * The container has a link of that name, or the parent has that VLAN. (EEXIST)
   * ## `"wrong-kind"`
   *
   * The link is of another kind.
   * ## `"invalid-argument"`
   *
   * A value is out of range for the kernel. (EINVAL, ERANGE)
   * ## `"busy"`
   *
   * The parent is used in a way that excludes this one. (EBUSY)
   * ## `"unsupported"`
   *
   * This kernel lacks the kind. (EOPNOTSUPP)
   * ## `"no-namespace"`
   *
   * The namespace is gone.
   */
  export type ErrorCode = 'not-permitted' | 'not-found' | 'already-exists' | 'wrong-kind' | 'invalid-argument' | 'busy' | 'unsupported' | 'no-namespace';
  /**
   * The link that is ridden on.
   */
  export type ParentLink = ParentLinkOnNode | ParentLinkInContainer;
  /**
   * A link of the node, by name.
   */
  export interface ParentLinkOnNode {
    tag: 'on-node',
    val: string,
  }
  /**
   * A link of the container, by name.
   */
  export interface ParentLinkInContainer {
    tag: 'in-container',
    val: string,
  }
  /**
   * What every such link has. Its name is the call's `ifname`.
   */
  export interface ChildOptions {
    /**
     * The link that is ridden on.
     */
    parent: ParentLink,
    /**
     * MTU; absent: the parent's.
     */
    mtuBytes?: number | undefined,
  }
  /**
   * How macvlan links of one parent see each other. Source: MACVLAN_MODE_*, linux/if_link.h.
   * # Variants
   *
   * ## `"bridge"`
   *
   * Directly.
   * ## `"private"`
   *
   * Not at all.
   * ## `"vepa"`
   *
   * By way of the switch outside.
   * ## `"passthru"`
   *
   * There is only one, and it has the parent for itself.
   */
  export type MacvlanMode = 'bridge' | 'private' | 'vepa' | 'passthru';
  /**
   * What a macvlan link has besides.
   */
  export interface MacvlanOptions {
    /**
     * Its mode.
     */
    mode: MacvlanMode,
    /**
     * Its hardware address; absent: the kernel's choice.
     */
    mac?: MacAddress | undefined,
    /**
     * Length of the parent's queue for broadcasts, in packets; absent: the kernel's default.
     */
    broadcastQueueLength?: number | undefined,
  }
  /**
   * At which layer an ipvlan link works. Source: IPVLAN_MODE_*, linux/if_link.h.
   * # Variants
   *
   * ## `"l2"`
   *
   * Layer 2.
   * ## `"l3"`
   *
   * Layer 3.
   * ## `"l3s"`
   *
   * Layer 3, with the node's packet filter.
   */
  export type IpvlanMode = 'l2' | 'l3' | 'l3s';
  /**
   * What is special about a link of one of the kinds.
   */
  export type ChildDetail = ChildDetailMacvlan | ChildDetailIpvlan | ChildDetailVlan;
  /**
   * A macvlan link, with its mode.
   */
  export interface ChildDetailMacvlan {
    tag: 'macvlan',
    val: MacvlanMode,
  }
  /**
   * An ipvlan link, with its mode.
   */
  export interface ChildDetailIpvlan {
    tag: 'ipvlan',
    val: IpvlanMode,
  }
  /**
   * A VLAN link, with its VLAN.
   */
  export interface ChildDetailVlan {
    tag: 'vlan',
    val: number,
  }
  /**
   * A link that rides on another.
   */
  export interface ChildInfo {
    /**
     * The link.
     */
    link: LinkInfo,
    /**
     * What is special about it.
     */
    detail: ChildDetail,
  }
}
