// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/resolver-file@0.1.0 **/
/**
 * Reads the settings (`nameserver`, `domain`, `search`, `options`) of a file.
 *
 * Needs grant: `resolver-file` with that path.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the path, or there is no such file.
 * - `unreadable`: not a regular file, or larger than 64 KiB.
 */
export function read(path: string): Dns;
export type Dns = import('./types.js').Dns;
/**
 * Why a resolver file was not read.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the path, or there is no such file.
 * ## `"unreadable"`
 *
 * Not a regular file, or larger than 64 KiB.
 */
export type ErrorCode = 'not-permitted' | 'unreadable';
