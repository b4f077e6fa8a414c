/**
 * @module Isolation of bridges, which attachments share.
 */
import {
  addIsolation,
  hasIsolationChain,
  isolationObjects,
  readIsolation,
  removeIsolation,
} from "../../kernel/isolation.ts";
import { isolationThing, objectsOfThing } from "../iptables-things.ts";
import type { SharedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { compareElement } from "./element.ts";
import { compareThing, endThing, repairThing } from "./iptables.ts";
import { tagIn } from "./kind.ts";
import type { Drift, SharedKind } from "./kind.ts";

export const isolation: SharedKind = {
  dismantle: (state, row) => {
    const thing = isolationThing(row);
    const tag = tagIn(row);
    if (thing !== undefined) endThing(state, thing);
    else if (tag !== "") removeIsolation(state.node.nftables(), { bridge: row.key, tag });
    return undefined;
  },
  compare,
  repair: (state, row) => {
    const thing = isolationThing(row);
    if (thing !== undefined) return repairThing(state, thing);
    if (compare(state, row).some(({ what }) => what === "foreign")) return;
    const nftables = state.node.nftables();
    const tag = tagIn(row);
    // Half of it is made anew: elements are made all or none.
    removeIsolation(nftables, { bridge: row.key, tag });
    addIsolation(nftables, { bridge: row.key, isClosed: isClosedIn(row), tag });
  },
  objects: (row) => {
    const thing = isolationThing(row);
    return thing === undefined ? isolationObjects(row.key) : objectsOfThing(thing);
  },
};

function isClosedIn({ undo }: SharedRow): boolean {
  return undo["isolation"] === "isolated";
}

function compare(state: HelperState, row: SharedRow): readonly Drift[] {
  const thing = isolationThing(row);
  if (thing !== undefined) return compareThing(state, thing, row.description);
  const nftables = state.node.nftables();
  const object = `isolation of bridge ${row.key}`;
  const wanted = isClosedIn(row) ? "closed to others and to itself" : "closed to others";
  const found = hasIsolationChain(nftables) ? readIsolation(nftables, row.key) : undefined;
  const drifts = compareElement(found, { tag: tagIn(row), object, wanted });
  if (found === undefined || drifts.length > 0 || found.isClosed === isClosedIn(row)) return drifts;
  return [{ what: "changed", object, wanted, found: found.isClosed ? "closed to itself as well" : "open to itself" }];
}
