/**
 * @module What of Cnidaria's there is on the node, and which rows of the ledger account for it.
 */
import type { ListedElement } from "../../kernel/filter-elements.ts";
import { FRAMES } from "../../kernel/frames.ts";
import type { FrameName } from "../../kernel/frames.ts";
import type { Frame } from "../../kernel/netlink/filter-changes.ts";
import type { MapReference } from "../../kernel/netlink/filter-messages.ts";
import { PARTS as CONDITIONS_PARTS } from "../../kernel/port-conditions.ts";
import { PARTS as GUARD_PARTS } from "../../kernel/spoof-guard.ts";

/** Everything that elements of the packet filter are in. */
export const ALL_FRAMES: Readonly<Record<FrameName, Frame>> = {
  ...FRAMES,
  conditions: CONDITIONS_PARTS,
  guard: GUARD_PARTS,
};

/** Something of Cnidaria's. */
export interface TaggedObject {
  /** The same text as in `objects` of the row that accounts for it. */
  readonly id: string;
  /** 32 hexadecimal digits; `undefined`: several share it, or it has no room for one. */
  readonly tag: string | undefined;
  /** For people. */
  readonly description: string;
  /** Removes it, if it is still what it was. */
  readonly remove: () => Promise<void>;
}

/** A map, and what is in it. */
export interface FilledMap {
  readonly map: MapReference;
  readonly elements: readonly ListedElement[];
}

/** Names what has to be among {@link claimsOf} a row, if that accounts for something. */
export function claimOf({ tag, id }: Pick<TaggedObject, "tag" | "id">): string {
  return tag === undefined ? id : `${tag} ${id}`;
}

/** Names what a row of an owner accounts for. */
export function claimsOf(tag: string, ids: readonly string[]): readonly string[] {
  return ids.flatMap((id) => [id, `${tag} ${id}`]);
}
