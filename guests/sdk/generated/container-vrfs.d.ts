// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./container-namespace.d.ts" />
declare module 'cnidaria:plugin/container-vrfs@0.1.0' {
  /**
   * Puts a link into a domain, which is made if it is not there. Its IPv6 addresses, and its routes of the main table, move with it.
   *
   * When it fails, the link is where it was, and a domain that was made is gone.
   *
   * Needs grant: `container-vrfs` with that name and table. `table` absent: the domain's, or the lowest that no domain of the container has.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the name, the table or the link.
   * - `not-found`: no such link. (ENODEV)
   * - `conflict`: the domain is there with another table, or a link of that name is of another kind.
   * - `busy`: the link has a master already. (EBUSY)
   * - `exhausted`: no table is free.
   * - `unsupported`: this kernel lacks the kind. (EOPNOTSUPP)
   * - `no-namespace`: the namespace is gone.
   */
  export function join(container: ContainerNamespace, name: string, table: number | undefined, link: string): VrfInfo;
  /**
   * Takes a link out of its domain, and deletes the domain when nobody is left in it. Not being in one is no error.
   *
   * Needs grant: `container-vrfs` with that name.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the name or the link.
   * - `not-found`: no such link. (ENODEV)
   * - `no-namespace`: the namespace is gone.
   */
  export function leave(container: ContainerNamespace, name: string, link: string): void;
  /**
   * Reads a domain.
   *
   * Needs grant: `container-vrfs` with that name.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover the name.
   * - `not-found`: there is none of that name. (ENODEV)
   * - `no-namespace`: the namespace is gone.
   */
  export function get(container: ContainerNamespace, name: string): VrfInfo;
  export type ContainerNamespace = import('cnidaria:plugin/container-namespace@0.1.0').ContainerNamespace;
  /**
   * Why an operation on a routing domain failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover the name, the table or the link; nothing was asked of the kernel.
   * ## `"not-found"`
   *
   * No such link in the container. (ENODEV)
   * ## `"conflict"`
   *
   * The domain is there with another table, or a link of that name is of another kind.
   * ## `"busy"`
   *
   * The link has a master already. (EBUSY)
   * ## `"exhausted"`
   *
   * No table is free.
   * ## `"unsupported"`
   *
   * This kernel lacks the kind. (EOPNOTSUPP)
   * ## `"no-namespace"`
   *
   * The namespace is gone.
   */
  export type ErrorCode = 'not-permitted' | 'not-found' | 'conflict' | 'busy' | 'exhausted' | 'unsupported' | 'no-namespace';
  /**
   * A routing domain and who is in it.
   */
  export interface VrfInfo {
    /**
     * Its name.
     */
    name: string,
    /**
     * Number of its routing table.
     */
    table: number,
    /**
     * Names of the links in it.
     */
    members: Array<string>,
  }
}
