// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./container-namespace.d.ts" />
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/container-rules@0.1.0' {
  /**
   * Adds rules, in order.
   *
   * When it fails, none of them is left behind.
   *
   * Needs grant: `container-rules` with those tables; each source must be an address of the attachment.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover a table, or a source is not this attachment's.
   * - `already-exists`: a rule of that source and table, and of that priority where it is given, is there. (EEXIST)
   * - `invalid-argument`: refused by the kernel. (EINVAL)
   * - `unsupported`: this kernel has no policy routing. (EOPNOTSUPP)
   * - `limit-reached`: the container has more rules than are looked at.
   * - `no-namespace`: the namespace is gone.
   */
  export function add(container: ContainerNamespace, rules: Array<Rule>): void;
  /**
   * Lists the rules that have a source and a table, of both families, in the order in which they are asked, at most 1,024.
   *
   * Needs grant: `container-rules`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover rules.
   * - `limit-reached`: there are more.
   * - `no-namespace`: the namespace is gone.
   */
  export function list(container: ContainerNamespace): Array<Rule>;
  /**
   * Finds tables that no rule of the container leads to and that have no route, of either family: `count` of them, lowest first, none before
   * `from`. The kernel's own, 253 to 255, are never among them. At most 64 are found, and at most 1,024 rules and routes are looked at.
   *
   * Needs grant: `container-rules`.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover rules.
   * - `limit-reached`: the container has more rules or routes, or there are not so many free tables.
   * - `no-namespace`: the namespace is gone.
   */
  export function freeTables(container: ContainerNamespace, from: number, count: number): Uint32Array;
  /**
   * Deletes rules. One that is not there is passed over.
   *
   * Needs grant: `container-rules` with those tables; each source must be an address of the attachment.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover a table, or a source is not this attachment's.
   * - `no-namespace`: the namespace is gone.
   */
  export { _delete as delete };
  function _delete(container: ContainerNamespace, rules: Array<Rule>): void;
  export type IpPrefix = import('cnidaria:plugin/types@0.1.0').IpPrefix;
  export type ContainerNamespace = import('cnidaria:plugin/container-namespace@0.1.0').ContainerNamespace;
  /**
   * Why an operation on a container's rules failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover a table, or a source is not one address of this attachment; nothing was asked of the kernel.
   * ## `"already-exists"`
   *
   * That rule is there. (EEXIST)
   * ## `"invalid-argument"`
   *
   * Refused by the kernel. (EINVAL)
   * ## `"unsupported"`
   *
   * This kernel has no policy routing. (EOPNOTSUPP)
   * ## `"no-namespace"`
   *
   * The namespace is gone.
   * ## `"limit-reached"`
   *
   * More rules or routes than are looked at: 1,024.
   */
  export type ErrorCode = 'not-permitted' | 'already-exists' | 'invalid-argument' | 'unsupported' | 'no-namespace' | 'limit-reached';
  /**
   * Packets from a source are routed by a table.
   */
  export interface Rule {
    /**
     * Source: one address, with the whole length of its family.
     */
    source: IpPrefix,
    /**
     * Number of the routing table.
     */
    table: number,
    /**
     * Priority: lower is asked first; absent: the kernel's choice.
     */
    priority?: number | undefined,
  }
}
