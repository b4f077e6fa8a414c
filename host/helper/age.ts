/**
 * @module How old files are, by a clock that somebody may set: one of the future is as old as it is far away. Otherwise it would stay until the
 * clock is there again.
 */

/** Gives milliseconds between a file's time and now, whichever is later. */
export function ageMsOf(timeMs: number, nowMs: number): number {
  return Math.abs(nowMs - timeMs);
}
