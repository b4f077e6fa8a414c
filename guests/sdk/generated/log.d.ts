// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
declare module 'cnidaria:plugin/log@0.1.0' {
  /**
   * Writes one line. Never fails: control characters are removed, what is too long is cut.
   *
   * Needs grant: `log`.
   *
   * # Errors
   * - none.
   */
  export function write(level: Level, message: string): void;
  /**
   * How much a line matters.
   * # Variants
   *
   * ## `"debug"`
   *
   * For the plugin's author.
   * ## `"info"`
   *
   * Worth knowing.
   * ## `"warn"`
   *
   * Something is odd.
   * ## `"error"`
   *
   * Something failed.
   */
  export type Level = 'debug' | 'info' | 'warn' | 'error';
}
