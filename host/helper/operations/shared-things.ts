/**
 * @module Waiting for a thing that attachments share, while another operation makes or deletes it.
 */
import { recover } from "../ledger/recovery.ts";
import type { SharedRow, ShareOutcome, SharedThing } from "../ledger/records.ts";
import { undoRemains } from "../undo/remains.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/** How long an operation that makes or deletes the same thing is waited for, in ms. */
export const SHARED_WAIT_MS = 10_000;
/** Pause between two looks, in ms. */
export const SHARED_POLL_MS = 2;

/** Which thing: its kind, and its key among those of the kind. */
type ThingName = Pick<SharedThing, "kind" | "key">;

/** Finishes what an operation left whose helper died. */
export async function finishDead({ state }: OperationContext, { kind, key }: ThingName): Promise<void> {
  const { ledger, locks, node } = state;
  const rows = ledger.shared.list({ kind, key, nodeNetnsCookie: node.cookie });
  for (const row of rows.filter((each) => each.state !== "ready")) {
    await recover(ledger, locks, (remains) => undoRemains(state, remains), { operationId: row.operationId });
  }
}

/**
 * Counts the attachment in as a user of a thing, once nobody else is at it. `judge` is asked before each attempt, and may throw.
 * @throws {OperationFailure} `busy`, a case of the interface's error enum, when another operation is at it for too long.
 */
export async function shareLater(
  context: OperationContext,
  thing: SharedThing,
  { judge, busy }: { readonly judge: () => void; readonly busy: string },
): Promise<ShareOutcome> {
  const { state, call } = context;
  const deadline = performance.now() + SHARED_WAIT_MS;
  while (performance.now() < deadline && !call.ended) {
    await new Promise((resolve) => setTimeout(resolve, SHARED_POLL_MS));
    await finishDead(context, thing);
    judge();
    const outcome = state.ledger.shared.share(call.owner, thing);
    if (isOurs(outcome)) return outcome;
  }
  throw new OperationFailure(busy, `another operation makes or deletes ${thing.description}`);
}

/** Tells whether the attachment was counted in. */
export function isOurs({ state }: ShareOutcome): boolean {
  return state === "created" || state === "joined";
}

/** Takes the attachment off the users of what could not be made. */
export function giveBack({ state, call }: OperationContext, { id }: SharedRow): void {
  const user = { ...call.operation.key, digests: [call.owner.digest] };
  if (state.ledger.shared.unshare(id, user, call.operation.id)?.last === true) state.ledger.shared.removed(id);
}
