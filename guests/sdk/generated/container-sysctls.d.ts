// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./container-namespace.d.ts" />
declare module 'cnidaria:plugin/container-sysctls@0.1.0' {
  /**
   * Writes settings, in order. The host keeps the values that they had and writes them back on DEL where the namespace is still there.
   *
   * When it fails, those that it wrote have their old values again.
   *
   * Needs grant: `container-sysctls` with each name and value.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover a name or a value, or there is no such setting.
   * - `invalid-argument`: the kernel refused a value. (EINVAL, ERANGE)
   * - `no-namespace`: the namespace is gone.
   */
  export function set(container: ContainerNamespace, settings: Array<Setting>): void;
  /**
   * Reads settings, in the order of their names.
   *
   * Needs grant: `container-sysctls` with each name.
   *
   * # Errors
   * - `not-permitted`: the grant does not cover a name, or there is no such setting.
   * - `no-namespace`: the namespace is gone.
   */
  export function get(container: ContainerNamespace, names: Array<string>): Array<Setting>;
  export type ContainerNamespace = import('cnidaria:plugin/container-namespace@0.1.0').ContainerNamespace;
  /**
   * Why an operation on a container's settings failed.
   * # Variants
   *
   * ## `"not-permitted"`
   *
   * The grant does not cover the name or the value, or there is no such setting; nothing was written.
   * ## `"invalid-argument"`
   *
   * The kernel refused the value. (EINVAL, ERANGE)
   * ## `"no-namespace"`
   *
   * The namespace is gone.
   */
  export type ErrorCode = 'not-permitted' | 'invalid-argument' | 'no-namespace';
  /**
   * A setting and its value.
   */
  export interface Setting {
    /**
     * Its name with dots, below `net.`: such as `net.ipv4.conf.eth0.arp_filter`. A dot inside a link's name is written as a slash.
     */
    name: string,
    /**
     * Its value: at most 4,096 bytes of text, without the newline at the end.
     */
    value: string,
  }
}
