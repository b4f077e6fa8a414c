/**
 * @module The kernel's own share of an operation: time spent in system calls and in libnftables.
 */

let spentMs = 0;
let depth = 0;

/** Time spent in the kernel since it was last taken. One counter: operations of the helper run one after the other. */
export const kernelTime = {
  /** Gives the time in microseconds since the last call of this, and starts again from nothing. */
  takeMicroseconds(): number {
    const microseconds = Math.round(spentMs * 1000);
    spentMs = 0;
    return microseconds;
  },
};

/** Runs something and counts its duration as the kernel's. Nested ones count once. */
export function countKernelTime<Result>(run: () => Result): Result {
  if (depth > 0) return run();
  depth += 1;
  const startedAt = performance.now();
  try {
    return run();
  } finally {
    depth -= 1;
    spentMs += performance.now() - startedAt;
  }
}
