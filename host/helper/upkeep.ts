/**
 * @module What is done now and then so that a state directory does not grow: old rows of the log go, and what nothing uses any more.
 *
 * Never on the way of a call: a while after the helper's start, every so often, and at its end. A file's time says when it was done last,
 * by whichever helper.
 */
import { statSync, utimesSync, writeFileSync } from "node:fs";
import { ageMsOf } from "./age.ts";
import { removeUnusedRoots } from "./sandboxes/unused-roots.ts";
import type { HelperState } from "./state.ts";
import { removeUnusedComponents } from "./unused-components.ts";
import { removeUnusedRuntimes } from "./unused-runtimes.ts";

/** Rows of the audit log that are kept: about 15,000 operations, 100 MB. */
export const AUDIT_KEEP_ROWS = 50_000;
const AFTER_START_MS = 5_000;
const INTERVAL_MS = 60 * 60 * 1000;

/** What of the helper is kept up. */
export type KeptUp = Pick<HelperState, "layout" | "ledger" | "locks" | "now" | "operations">;

/** The upkeep of a running helper. */
export interface Upkeep {
  /** Stops it; does what is due. */
  readonly end: () => void;
}

/** Begins the upkeep. Nothing is done yet. */
export function startUpkeep(state: KeptUp): Upkeep {
  const run = (): void => keepUpIfDue(state);
  const first = setTimeout(run, AFTER_START_MS);
  const others = setInterval(run, INTERVAL_MS);
  for (const timer of [first, others]) timer.unref();
  return {
    end: () => {
      clearTimeout(first);
      clearInterval(others);
      run();
    },
  };
}

/** Does it if no helper did it lately, and no operation of this one is under way. What cannot be removed now may be the next time. */
export function keepUpIfDue(state: KeptUp): void {
  if (state.operations.size > 0) return;
  try {
    if (!isDue(state)) return;
    state.ledger.rotateAudit(AUDIT_KEEP_ROWS);
    removeUnusedComponents(state);
    removeUnusedRoots(state.layout);
    removeUnusedRuntimes(state.layout, state.now);
  } catch {
    // Nobody waits for it: an ordinary call meets the same trouble and reports it.
  }
}

/** Tells whether it is time, and has the others wait. */
function isDue({ layout, now }: KeptUp): boolean {
  const path = layout.upkeep;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && ageMsOf(stat.mtimeMs, now()) < INTERVAL_MS) return false;
  writeFileSync(path, "", { mode: 0o600 });
  utimesSync(path, now() / 1000, now() / 1000);
  return true;
}
