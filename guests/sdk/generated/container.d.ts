// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/// <reference path="./types.d.ts" />
declare module 'cnidaria:plugin/container@0.1.0' {
  /**
   * Runs once, after every attachment of the container is made.
   *
   * # Errors
   * - any `plugin-error`: the host reports it.
   */
  export function finalize(request: Request): void;
  /**
   * Compares what `finalize` made with what is there.
   *
   * # Errors
   * - any `plugin-error`: the message names what is missing or different.
   */
  export function check(request: Request): void;
  /**
   * Undoes `finalize`. Succeeds when there is nothing to undo.
   *
   * # Errors
   * - any `plugin-error`: reported.
   */
  export { _delete as delete };
  function _delete(request: Request): void;
  export type Request = import('cnidaria:plugin/types@0.1.0').Request;
  export type PluginError = import('cnidaria:plugin/types@0.1.0').PluginError;
}
