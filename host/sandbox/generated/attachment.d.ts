// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/attachment@0.1.0 **/
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
export type Request = import('./types.js').Request;
export type AttachmentResult = import('./types.js').AttachmentResult;
export type PluginError = import('./types.js').PluginError;
export type ContainerNamespace = import('./container-namespace.js').ContainerNamespace;
