// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/addresses@0.1.0 **/
/**
 * Gives the attachment its addresses. Each is leased to it (`leases`), with the length of a subnet that the configuration names, or named with its
 * length by configuration, arguments or capability arguments. The helper refuses any other, and the whole ADD with it.
 *
 * # Errors
 * - any `plugin-error`: the host reports its code, message and details unchanged; leases made by the call are released.
 */
export function add(request: Request): AddressResult;
/**
 * Releases the attachment's addresses. Succeeds when it has none.
 *
 * # Errors
 * - any `plugin-error`: reported, after the host has released the attachment's leases.
 */
export function del(request: Request): void;
/**
 * Checks that the attachment still has the addresses of its result.
 *
 * # Errors
 * - any `plugin-error`: the message names what is missing.
 */
export function check(request: Request): void;
/**
 * Tells whether `add` could succeed now. `container-id` and `ifname` are empty.
 *
 * # Errors
 * - code 50: no address is free, or the configuration cannot work.
 */
export function status(request: Request): void;
export type Request = import('./types.js').Request;
export type AddressResult = import('./types.js').AddressResult;
export type PluginError = import('./types.js').PluginError;
