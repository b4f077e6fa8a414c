// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/network@0.1.0 **/
/**
 * Makes what all attachments of the network share.
 *
 * # Errors
 * - any `plugin-error`: what it made is undone.
 */
export function init(request: NetworkRequest): void;
/**
 * Compares what `init` made with what is there.
 *
 * # Errors
 * - any `plugin-error`: the message names what is missing or different.
 */
export function check(request: NetworkRequest): void;
/**
 * Undoes `init`. Succeeds when there is nothing to undo.
 *
 * # Errors
 * - any `plugin-error`: reported, after the host has removed what the network owns.
 */
export function destroy(request: NetworkRequest): void;
/**
 * Tells whether ADD could succeed now. Source: CNI SPEC 1.1.0, section 2, "STATUS".
 *
 * # Errors
 * - code 50: ADD cannot be served.
 * - code 51: the same, and existing containers may be degraded.
 */
export function status(request: NetworkRequest): void;
/**
 * Removes what belongs to no valid attachment. Source: CNI SPEC 1.1.0, section 2, "GC".
 *
 * # Errors
 * - any `plugin-error`: reported; the host's own sweep follows all the same.
 */
export function gc(request: NetworkRequest, valid: Array<ValidAttachment>): void;
export type PluginError = import('./types.js').PluginError;
/**
 * One network, without any container.
 */
export interface NetworkRequest {
  /**
   * Version of the specification that the configuration selects.
   */
  cniVersion: string,
  /**
   * Name of the network.
   */
  networkName: string,
  /**
   * The request configuration: the JSON text of one object.
   */
  configuration: string,
}
/**
 * An attachment that is in use.
 */
export interface ValidAttachment {
  /**
   * Id of the container.
   */
  containerId: string,
  /**
   * Name of the container's link.
   */
  ifname: string,
}
