/**
 * @module Undoes a set of changes, last first, and goes on after a failure. Links go in one request: one grace period for all.
 */
import { kernelTime } from "../../kernel/time.ts";
import { frameOf } from "../iptables-things.ts";
import { withinPoints } from "../../spec/fault-points.ts";
import type { OwnedRow, SharedRow, SharedUser } from "../ledger/records.ts";
import type { AttachmentKey, Digest } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import { undoOwned } from "./owned.ts";
import { removalOfRow, removalOfShared, removeByIptables, type IptablesRemoval } from "./iptables.ts";
import { publishAgain, publishedBefore } from "./published-before.ts";
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
  const { links, removals } = undoRows(state, what.owned, failures);
  let kernelMicroseconds = kernelTime.takeMicroseconds();
  // Before what they share: an attachment that is no user of it any more has no rules in it.
  const left = await removeByIptables(state, removals);
  failures.push(...left);
  publishAgain(state, publishedBefore(state, what.owned), failures);
  const joined = left.length === 0 ? what.joined : what.joined.filter((row) => frameOf(row) === undefined);
  const unused = collectUnused(state, { ...what, joined }, failures);
  kernelMicroseconds += kernelTime.takeMicroseconds();
  const [shared, others] = partition(unused, ({ row }) => removalOfShared(state, row));
  failures.push(...(await removeByIptables(state, shared)));
  kernelMicroseconds += await deleteTogether(state, links, others, failures);
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

/** Undoes rows; gives those whose undo is the deletion of a link, and those that iptables made: both are undone together, later. */
function undoRows(
  state: HelperState,
  rows: readonly OwnedRow[],
  failures: string[],
): { readonly links: Map<OwnedRow, number>; readonly removals: readonly IptablesRemoval[] } {
  const [removals, others] = partition(rows, (row) => removalOfRow(state, row));
  const links = new Map<OwnedRow, number>();
  for (const row of others) {
    try {
      const index = undoOwned(state, row);
      if (index === undefined) state.ledger.forget(row.id);
      else links.set(row, index);
    } catch (error) {
      failures.push(`${row.description}: ${messageOf(error)}`);
    }
  }
  return { links, removals };
}

/** Gives what a function makes of those that it makes something of, and the others. */
function partition<Item, Made>(
  items: readonly Item[],
  make: (item: Item) => Made | undefined,
): readonly [made: readonly Made[], others: readonly Item[]] {
  const made: Made[] = [];
  const others = items.filter((item) => {
    const value = make(item);
    if (value !== undefined) made.push(value);
    return value === undefined;
  });
  return [made, others];
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
