/**
 * @module What a kind of row is: how what it stands for is undone, compared with the kernel, and put back. One module for each kind,
 * one table of all of them in `index.ts`: a kind that lacks one of these does not compile.
 */
import type { OwnedRow, SharedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";

/**
 * One thing of which ledger and kernel say different things.
 *
 * - `missing`: it is not there.
 * - `changed`: it is there, and somebody has changed what was set.
 * - `foreign`: something is there in its place that is not the attachment's. It is never touched.
 */
export interface Drift {
  readonly what: "missing" | "changed" | "foreign";
  /** Such as `link vethab12 of the node`. */
  readonly object: string;
  readonly wanted: string;
  readonly found: string;
}

/** What all kinds have. */
interface AnyKind<Row> {
  /**
   * Compares with the kernel, and changes nothing; empty: it is as it was left. What the kernel or others add, such as further routes, the
   * order of things, or what changes by itself, is no difference.
   * @throws {KernelError} when the kernel cannot be asked.
   */
  readonly compare: (state: HelperState, row: Row) => readonly Drift[];
  /**
   * Puts back what is missing or changed, as far as it can be. What is somebody else's by now is left alone. `undefined`: it cannot be put
   * back, the attachment has to be added again.
   * @throws {KernelError} when the kernel refuses.
   */
  readonly repair: ((state: HelperState, row: Row) => void) | undefined;
  /**
   * Names the objects of the node that carry the row's tag, as `tagged.ts` names them: what carries it and is not named by a row was left
   * behind. Empty: none do.
   */
  readonly objects: (row: Row) => readonly string[];
}

/** A kind of what one attachment owns. */
export interface OwnedKind extends AnyKind<OwnedRow> {
  /**
   * Undoes it. Meets what is already gone, was never made, or is by now somebody else's. Gives the index of a link of the node that is to be
   * deleted, together with others; `undefined`: undone.
   * @throws {KernelError} when the kernel refuses.
   */
  readonly undo: (state: HelperState, row: OwnedRow) => number | undefined;
}

/** A kind of what attachments share. */
export interface SharedKind extends AnyKind<SharedRow> {
  /** Undoes what nobody uses any more, as {@link OwnedKind.undo} does. */
  readonly dismantle: (state: HelperState, row: SharedRow) => number | undefined;
}

/** Gives the texts in a value of a row. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** Gives the tag that the objects of something shared carry; `""`: none, which no object has. */
export function tagIn({ undo }: Pick<SharedRow, "undo">): string {
  return typeof undo["tag"] === "string" ? undo["tag"] : "";
}
