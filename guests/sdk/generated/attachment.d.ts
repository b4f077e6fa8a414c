// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./container-namespace.d.ts" />
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/attachment@0.1.0' {
  /**
   * Joins the container to the network, or changes what the plugin before made. The host undoes every recorded operation when it fails.
   *
   * # Errors
   * - any `plugin-error`: the host reports its code, message and details unchanged.
   */
  export function add(request: Request, container: ContainerNamespace): AttachmentResult;
  /**
   * Undoes `add`. Succeeds when there is nothing to undo; afterwards the host removes whatever the attachment still owns.
   *
   * # Errors
   * - any `plugin-error`: reported, after the host has removed what the attachment owns.
   */
  export function del(request: Request, container: ContainerNamespace): void;
  /**
   * Compares what `add` made with what is there.
   *
   * # Errors
   * - any `plugin-error`: something is missing or different; the message names it.
   */
  export function check(request: Request, container: ContainerNamespace): void;
  export type Request = import('cnidaria:plugin/types@0.1.0').Request;
  export type AttachmentResult = import('cnidaria:plugin/types@0.1.0').AttachmentResult;
  export type PluginError = import('cnidaria:plugin/types@0.1.0').PluginError;
  export type ContainerNamespace = import('cnidaria:plugin/container-namespace@0.1.0').ContainerNamespace;
}
