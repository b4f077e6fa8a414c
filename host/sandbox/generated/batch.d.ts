// Generated from wit/ by guests/generate-types.ts. Change wit/, not this.
/** @module Interface cnidaria:plugin/batch@0.1.0 **/
/**
 * Begins a batch: until `run`, an operation whose `ok` has no value is put off and answers ok at once.
 *
 * One that has a value to give, any of `ipam`, and another `begin` trap until then; `log`, `clock` and `random` are answered as ever.
 * What is put off and never run is never done: a verb that ends so traps, unless it fails.
 *
 * Needs grant: none; each operation needs its own.
 *
 * # Errors
 * - none.
 */
export function begin(): void;
/**
 * Does what was put off, in order, up to the first operation that does not succeed, and ends the batch. Traps when none was begun.
 *
 * What was done before a failure stays; what the failing operation leaves behind is told where it is described.
 *
 * Needs grant: none; each operation needs its own.
 *
 * # Errors
 * - any `failure`: the operation that did not succeed.
 */
export function run(): void;
/**
 * The operation of a batch that did not succeed.
 */
export interface Failure {
  /**
   * Its place in the batch, the first is 0. Those before it are done; those after it were not asked.
   */
  index: number,
  /**
   * Its name, such as `masquerade.set`.
   */
  operation: string,
  /**
   * The case of its own error enum, such as `conflict`.
   */
  error: string,
}
