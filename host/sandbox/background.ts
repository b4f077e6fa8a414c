/**
 * @module What V8 does beside the guest: it waits for everybody else.
 */
import { setPriority } from "node:os";
import process from "node:process";
import { setFlagsFromString } from "node:v8";

/** Process id of a sandbox in its own PID namespace. In another one the threads' numbers are somebody else's. */
const OWN_NAMESPACE_PID = 1;
/** Threads that Node may have made by now: V8's worker, the scheduler of delayed tasks, the listener for signals. */
const THREADS_MAX = 8;
/** Lowest priority. Source: setpriority(2). */
const LOWEST = 19;

/**
 * Gives the threads that optimise code the lowest priority: when a runtime executes the first plugins of a cold node, the processors
 * are needed for what it waits for. The collector of young objects does its work by itself then: it would wait for such a thread.
 * Does nothing outside of a PID namespace of its own.
 */
export function yieldInBackground(): void {
  if (process.pid !== OWN_NAMESPACE_PID) return;
  setFlagsFromString("--no-parallel-scavenge");
  for (let thread = OWN_NAMESPACE_PID + 1; thread <= THREADS_MAX; thread++) lower(thread);
}

/** Lowers a thread's priority, if there is one of that number. */
function lower(thread: number): void {
  try {
    setPriority(thread, LOWEST);
  } catch {
    // No such thread.
  }
}
