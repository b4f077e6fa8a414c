/**
 * @module A link of the container that others made, and that was set up.
 */
import { compareOnLink, onLink } from "../undo/container.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { Drift, OwnedKind } from "./kind.ts";

export const containerLink: OwnedKind = {
  undo: (_state, { undo }) => onLink(undo, (rtnetlink, { index }) => rtnetlink.setLink(index, { up: false })),
  compare: (_state, row) => compare(row),
  repair: (_state, { undo }) => onLink(undo, (rtnetlink, { index }) => rtnetlink.setLink(index, { up: true })),
  objects: () => [],
};

function compare({ key, undo }: OwnedRow): readonly Drift[] {
  const object = `link ${key} of the container`;
  const wanted = "up";
  return compareOnLink(undo, (_rtnetlink, link) => {
    if (link === undefined) return [{ what: "missing", object, wanted, found: "no such link" }];
    return link.up ? [] : [{ what: "changed", object, wanted, found: "down" }];
  });
}
