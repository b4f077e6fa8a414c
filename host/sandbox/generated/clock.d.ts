// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/clock@0.1.0 **/
/**
 * Reads the time of day.
 *
 * Needs grant: `clock`.
 *
 * # Errors
 * - none.
 */
export function now(): Moment;
/**
 * A moment: seconds and nanoseconds since 1970-01-01T00:00:00Z.
 */
export interface Moment {
  /**
   * Whole seconds.
   */
  seconds: number,
  /**
   * Nanoseconds within the second: 0 to 999,999,999.
   */
  nanoseconds: number,
}
