// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/validate@0.1.0 **/
/**
 * Judges the JSON text of one plugin's configuration.
 *
 * # Errors
 * - every problem that was found, at least one.
 */
export function configuration(configuration: string): void;
/**
 * Something wrong in a configuration.
 */
export interface Problem {
  /**
   * Where: a JSON pointer, such as `/ipam/ranges/0`.
   */
  pointer: string,
  /**
   * What was wanted and what was got.
   */
  message: string,
}
