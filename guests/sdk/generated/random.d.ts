// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
declare module 'cnidaria:plugin/random@0.1.0' {
  /**
   * Gives random bytes, fit for keys. At most 256 a call: more traps the guest.
   *
   * Needs grant: `random`.
   *
   * # Errors
   * - none.
   */
  export function bytes(count: number): Uint8Array;
}
