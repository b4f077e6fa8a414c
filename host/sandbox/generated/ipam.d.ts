// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/ipam@0.1.0 **/
/**
 * Asks the IPAM plugin for the attachment's addresses.
 *
 * Needs grant: `ipam`.
 *
 * # Errors
 * - any `plugin-error` of the IPAM plugin, unchanged; code 7 when the configuration names none; code 100 or more from the host when it cannot be run.
 */
export function add(): AddressResult;
/**
 * Has the IPAM plugin release the attachment's addresses.
 *
 * Needs grant: `ipam`.
 *
 * # Errors
 * - as `add`.
 */
export function del(): void;
/**
 * Has the IPAM plugin check the attachment's addresses.
 *
 * Needs grant: `ipam`.
 *
 * # Errors
 * - as `add`.
 */
export function check(): void;
/**
 * Asks the IPAM plugin whether it could serve.
 *
 * Needs grant: `ipam`.
 *
 * # Errors
 * - as `add`.
 */
export function status(): void;
export type AddressResult = import('./types.js').AddressResult;
export type PluginError = import('./types.js').PluginError;
