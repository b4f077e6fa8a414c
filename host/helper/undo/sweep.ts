/**
 * @module Undoes a set of changes, last first, and goes on after a failure. Links go in one request: one grace period for all.
 */
import { kernelTime } from "../../kernel/time.ts";
import { withinPoints } from "../../spec/fault-points.ts";
import type { OwnedRow, SharedRow, SharedUser } from "../ledger/records.ts";
import type { AttachmentKey, Digest } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import { undoOwned } from "./owned.ts";
import { removalOfRow, removalOfShared, removeByIptables, type IptablesRemoval } from "./iptables.ts";
import { dismantle, leaveShared } from "./shared.ts";
import type { Unused } from "./shared.ts";

/** What is to be undone. */
export interface Sweep {
  readonly user: SharedUser;
  readonly operationId: string;
  /** Last first. */
  readonly owned: readonly OwnedRow[];
  /** Shared things to leave. */
  readonly joined: readonly SharedRow[];
  /** Shared things that nobody uses and that are still to be deleted. */
  readonly deleting: readonly SharedRow[];
}

/** How it went. */
export interface SweepOutcome {
  /** What could not be undone, and stays on record; empty: all is well. */
  readonly failures: readonly string[];
  readonly microseconds: number;
  readonly kernelMicroseconds: number;
}

/** Undoes. Never throws for what the kernel refuses: that is a failure in the outcome. */
export async function sweep(state: HelperState, what: Sweep): Promise<SweepOutcome> {
  const startedAt = performance.now();
  kernelTime.takeMicroseconds();
  const failures: string[] = [];
  const removals: IptablesRemoval[] = [];
  const links = undoRows(state, what.owned, { failures, removals });
  const unused = collectUnused(state, what, failures).filter(({ row }) => {
    const removal = removalOfShared(state, row);
    if (removal !== undefined) removals.push(removal);
    return removal === undefined;
  });
  let kernelMicroseconds = kernelTime.takeMicroseconds();
  failures.push(...(await removeByIptables(state, removals)));
  kernelMicroseconds += await deleteTogether(state, links, unused, failures);
  return { failures, microseconds: Math.round((performance.now() - startedAt) * 1000), kernelMicroseconds };
}

/** Gives everything that one attachment has, last first. */
export function everythingOf(state: HelperState, user: SharedUser, operationId: string): Sweep {
  const { ledger, node } = state;
  return {
    user,
    operationId,
    owned: ledger.owned({ attachment: user, nodeNetnsCookie: node.cookie }).toReversed(),
    joined: ledger.shared.list({ user, nodeNetnsCookie: node.cookie }),
    deleting: ledger.shared.list({ busyWith: operationId }).filter((row) => row.state === "deleting"),
  };
}

/** Gives what some plugins of an attachment have, and what the operation itself made, last first. */
export function madeByPlugins(
  state: HelperState,
  user: AttachmentKey,
  { operationId, digests }: { readonly operationId: string; readonly digests: readonly Digest[] },
): Sweep {
  const everything = everythingOf(state, { ...user, digests }, operationId);
  const isTheirs = (row: OwnedRow): boolean => digests.includes(row.digest) || row.operationId === operationId;
  return { ...everything, owned: everything.owned.filter(isTheirs) };
}

/** Gives what one operation made, last first. */
export function madeBy(state: HelperState, user: AttachmentKey, operationId: string): Sweep {
  const { ledger } = state;
  return {
    user: { ...user, joinedBy: operationId },
    operationId,
    // Of this attachment only: the id is the host's word.
    owned: ledger.owned({ operationId, attachment: user }).toReversed(),
    joined: ledger.shared.list({ joinedBy: operationId, user }),
    deleting: ledger.shared.list({ busyWith: operationId }).filter((row) => row.state === "deleting"),
  };
}

/** Undoes rows; gives those whose undo is the deletion of a link. What iptables made is undone together, later. */
function undoRows(
  state: HelperState,
  rows: readonly OwnedRow[],
  { failures, removals }: { readonly failures: string[]; readonly removals: IptablesRemoval[] },
): Map<OwnedRow, number> {
  const links = new Map<OwnedRow, number>();
  for (const row of rows) {
    const removal = removalOfRow(state, row);
    if (removal !== undefined) {
      removals.push(removal);
      continue;
    }
    try {
      const index = undoOwned(state, row);
      if (index === undefined) state.ledger.forget(row.id);
      else links.set(row, index);
    } catch (error) {
      failures.push(`${row.description}: ${messageOf(error)}`);
    }
  }
  return links;
}

function collectUnused(state: HelperState, what: Sweep, failures: string[]): readonly Unused[] {
  const unused: Unused[] = [];
  const attempt = (row: SharedRow, find: () => readonly Unused[]): void => {
    try {
      unused.push(...find());
    } catch (error) {
      failures.push(`${row.description}: ${messageOf(error)}`);
    }
  };
  for (const row of what.joined) attempt(row, () => leaveShared(state, [row], what.user, what.operationId));
  for (const row of what.deleting) attempt(row, () => [dismantle(state, row)]);
  return unused;
}

/** Deletes what is links; gives the kernel's microseconds. */
async function deleteTogether(
  { ledger, node }: HelperState,
  links: ReadonlyMap<OwnedRow, number>,
  unused: readonly Unused[],
  failures: string[],
): Promise<number> {
  const indexes = [...links.values(), ...unused.flatMap(({ linkIndex }) => linkIndex ?? [])];
  try {
    const took =
      indexes.length === 0
        ? 0
        : await withinPoints("helper.link-deletion", "", () => node.rtnetlink.deleteLinks(indexes));
    for (const row of links.keys()) ledger.forget(row.id);
    for (const { row } of unused) ledger.shared.removed(row.id);
    return took;
  } catch (error) {
    const what = [...links.keys(), ...unused.map(({ row }) => row)].map(({ description }) => description).join(", ");
    failures.push(`${what}: ${messageOf(error)}`);
    return 0;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
