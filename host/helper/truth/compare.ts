/**
 * @module Compares rows of the ledger with the kernel, and puts back what differs.
 */
import { isKernelError } from "../../kernel/error.ts";
import type { Drift } from "../kinds/kind.ts";
import { kindOf, sharedKindOf } from "../kinds/index.ts";
import type { OwnedRow, SharedRow } from "../ledger/records.ts";
import type { AttachmentKey } from "../protocol.ts";
import type { HelperState } from "../state.ts";
import type { Difference } from "../truth-protocol.ts";

/** A row, and how it is compared and put back. */
export interface Comparable {
  /** `undefined`: what several attachments share. */
  readonly attachment: AttachmentKey | undefined;
  readonly description: string;
  readonly compare: () => readonly Drift[];
  readonly repair: (() => void) | undefined;
}

/** Makes rows comparable. Those of operations that did not end are left out: what they stand for may not have been made. */
export function comparableOwned(state: HelperState, rows: readonly OwnedRow[]): readonly Comparable[] {
  return rows.flatMap((row): Comparable[] => {
    if (row.state !== "done") return [];
    const { compare, repair } = kindOf(row);
    const { network, containerId, ifname, description } = row;
    return [
      {
        attachment: { network, containerId, ifname },
        description,
        compare: () => compare(state, row),
        repair: repair === undefined ? undefined : () => repair(state, row),
      },
    ];
  });
}

/** The same for what attachments share. */
export function comparableShared(state: HelperState, rows: readonly SharedRow[]): readonly Comparable[] {
  return rows.flatMap((row): Comparable[] => {
    if (row.state !== "ready") return [];
    const { compare, repair } = sharedKindOf(row);
    return [
      {
        attachment: undefined,
        description: row.description,
        compare: () => compare(state, row),
        repair: repair === undefined ? undefined : () => repair(state, row),
      },
    ];
  });
}

/** Compares. What the kernel cannot be asked about counts as a difference. */
export function compareAll(rows: readonly Comparable[]): readonly Difference[] {
  return rows.flatMap((row) => driftsOf(row).map((drift) => differenceOf(row, drift)));
}

/**
 * Puts back what differs, shared things first, as the caller orders them; goes on after a failure. Gives every difference that there was, with
 * what became of it.
 */
export function repairAll(rows: readonly Comparable[]): readonly Difference[] {
  return rows.flatMap((row) => {
    const before = driftsOf(row);
    if (before.length === 0) return [];
    const why = attempt(row);
    const left = new Set(driftsOf(row).map(textOf));
    return before.map((drift): Difference => {
      const difference = differenceOf(row, drift);
      if (!left.has(textOf(drift))) return { ...difference, repair: "repaired" };
      return { ...difference, repair: why === undefined ? "left" : "failed", why };
    });
  });
}

/** Gives why it failed; `undefined`: it did not, or there is nothing to be tried. */
function attempt({ repair }: Comparable): string | undefined {
  try {
    repair?.();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function driftsOf({ description, compare }: Comparable): readonly Drift[] {
  try {
    return compare();
  } catch (error) {
    if (!isKernelError(error)) throw error;
    return [{ what: "changed", object: description, wanted: "an answer of the kernel", found: error.message }];
  }
}

function textOf({ what, object, wanted }: Drift): string {
  return JSON.stringify([what, object, wanted]);
}

function differenceOf({ attachment, repair }: Comparable, drift: Drift): Difference {
  const { what, object, wanted, found } = drift;
  return { what, attachment, object, wanted, found, advice: adviceOf(drift, repair !== undefined), repair: undefined };
}

function adviceOf({ what }: Drift, isRepairable: boolean): string {
  if (what === "foreign")
    return "it is somebody else's and is left alone: take it away, or delete the attachment and add it again";
  return isRepairable
    ? "cnidaria check --repair, or cnidaria doctor --repair, puts it back if it can be"
    : "delete the attachment and add it again";
}
