// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/node-forwarding@0.1.0 **/
/**
 * Makes the node forward packets of a family. Stays on: other things on the node may need it by then.
 *
 * Needs grant: `node-forwarding` with that family.
 *
 * # Errors
 * - `not-permitted`: the grant does not cover the family.
 * - `unsupported`: this kernel lacks the family.
 */
export function enable(family: IpFamily): void;
export type IpFamily = import('./types.js').IpFamily;
/**
 * Why an operation on forwarding failed.
 * # Variants
 *
 * ## `"not-permitted"`
 *
 * The grant does not cover the family; nothing was asked of the kernel.
 * ## `"unsupported"`
 *
 * This kernel lacks the family.
 */
export type ErrorCode = 'not-permitted' | 'unsupported';
