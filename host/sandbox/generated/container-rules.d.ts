// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/container-rules@0.1.0 **/
/**
 * Adds rules, in order.
 *
 * When it fails, none of them is left behind.
 *
 * Needs grant: `container-rules`; each source must be an address of the attachment.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover a table, or a source is not this attachment's.
 * - `already-exists`: that rule is there. (EEXIST)
 * - `invalid-argument`: refused by the kernel. (EINVAL)
 * - `unsupported`: this kernel has no policy routing. (EOPNOTSUPP)
 * - `no-namespace`: the namespace is gone.
 */
export function add(container: ContainerNamespace, rules: Array<Rule>): void;
/**
 * Lists the rules that have a source and a table, of both families, at most 1,024: enough to find a table that nobody uses.
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
 * Deletes rules. One that is not there is passed over.
 *
 * Needs grant: `container-rules`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover a table, or a source is not this attachment's.
 * - `no-namespace`: the namespace is gone.
 */
export { _delete as delete };
function _delete(container: ContainerNamespace, rules: Array<Rule>): void;
export type IpPrefix = import('./types.js').IpPrefix;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
/**
 * Why an operation on a container's rules failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover a table, or a source is not this attachment's; nothing was asked of the kernel.
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
 * More rules than are listed: 1,024.
 */
export type ErrorCode = 'not-permitted' | 'already-exists' | 'invalid-argument' | 'unsupported' | 'no-namespace' | 'limit-reached';
/**
 * Packets from a source are routed by a table.
 */
export interface Rule {
  /**
   * Source addresses.
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
