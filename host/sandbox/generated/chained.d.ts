// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/chained@0.1.0 **/
/**
 * Adds to what the plugins before made; returns their result, possibly changed.
 *
 * # Errors
 * - any `plugin-error`: the host reports its code, message and details unchanged.
 */
export function add(request: Request): AttachmentResult;
/**
 * Undoes `add`. Succeeds when there is nothing to undo.
 *
 * # Errors
 * - any `plugin-error`: reported, after the host has removed what the attachment owns.
 */
export function del(request: Request): void;
/**
 * Compares what `add` made with what is there.
 *
 * # Errors
 * - any `plugin-error`: something is missing or different; the message names it.
 */
export function check(request: Request): void;
export type Request = import('./types.js').Request;
export type AttachmentResult = import('./types.js').AttachmentResult;
export type PluginError = import('./types.js').PluginError;
