/**
 * @module How the memory that a grant gives one instance is shared out among the memories of its core modules.
 */
import { parseCoreModule, PAGE_BYTES, writeMaxima } from "./core-module.ts";
import { rejected } from "./byte-reader.ts";

/** Pages over its minimum that a memory may get while it is not the largest: adapters and stubs grow little. */
const SMALL_MEMORY_SPARE_PAGES = 16;

/**
 * Shares out pages: each memory gets its minimum; the small ones a little more; the one with the largest minimum all that is left.
 * The sum of what is given is at most `budgetPages`.
 * @throws {CniError} componentRejected when the minima alone are over the budget.
 */
export function sharePages(minima: readonly number[], budgetPages: number): number[] {
  const needed = minima.reduce((sum, minimum) => sum + minimum, 0);
  if (needed > budgetPages) {
    throw rejected(
      `its memories start with ${needed * PAGE_BYTES} bytes, the grant permits ${budgetPages * PAGE_BYTES}`,
    );
  }
  const spare = budgetPages - needed;
  const largest = minima.indexOf(Math.max(...minima));
  const each = Math.min(SMALL_MEMORY_SPARE_PAGES, Math.floor(spare / (2 * Math.max(1, minima.length))));
  const others = Math.max(0, minima.length - 1) * each;
  return minima.map((minimum, index) => minimum + (index === largest ? spare - others : each));
}

/**
 * Writes memory and table maxima into the core modules of one component. Each is to be instantiated once (the sandbox sees to
 * it), so that all memories of an instance together stay within `memoryBytes`.
 * @throws {CniError} componentRejected when a module is malformed or the minima are over the budget.
 */
export function capModules(modules: readonly Uint8Array[], memoryBytes: number): Uint8Array[] {
  const defined = modules.map((bytes) => parseCoreModule(bytes).memories);
  const shares = sharePages(
    defined.flat().map(({ minimum }) => minimum),
    Math.floor(memoryBytes / PAGE_BYTES),
  );
  return modules.map((bytes, index) => writeMaxima(bytes, shares.splice(0, defined[index]?.length ?? 0)));
}
