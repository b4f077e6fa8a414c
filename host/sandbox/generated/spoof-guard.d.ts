// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/spoof-guard@0.1.0 **/
/**
 * Lets only packets with one source hardware address in by a bridge port, in place of what was set before.
 *
 * When it fails, what was set before holds.
 *
 * Needs grant: `spoof-guard`; the port must be a link of this attachment, and no other plugin may guard it.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover it, the port is not a link of this attachment, or another plugin guards it.
 * - `unsupported`: no packet filter, or no bridge family, in this kernel.
 */
export function set(port: string, mac: MacAddress): void;
/**
 * Reads which hardware address a port lets in, by the packet filter's own word; absent: any.
 *
 * Needs grant: `spoof-guard`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover it, or the port is not a link of this attachment.
 * - `unsupported`: no packet filter, or no bridge family, in this kernel.
 */
export function get(port: string): MacAddress | undefined;
/**
 * Removes the guards of this attachment. Having none is no error.
 *
 * Needs grant: `spoof-guard`.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover it.
 * - `unsupported`: no packet filter, or no bridge family, in this kernel.
 */
export function remove(): void;
export type MacAddress = import('./types.js').MacAddress;
/**
 * Why an operation on the guard failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover it, or the port is not a link of this attachment.
 * ## `"unsupported"`
 *
 * The packet filter is not there, or has no bridge family in this kernel.
 */
export type ErrorCode = 'not-permitted' | 'unsupported';
