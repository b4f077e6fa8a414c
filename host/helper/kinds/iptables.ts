/**
 * @module What is kept by iptables: rows of attachments, and the chains that they share. Sweeps undo many of them in one run; see `undo/iptables.ts`.
 */
import { mergeTables, type TableChanges } from "../../kernel/iptables/rule-text.ts";
import {
  endOfFrame,
  frameChanges,
  frameOf,
  frameRules,
  objectsOfFrame,
  objectsOfThing,
  thingOf,
  type IptablesThing,
} from "../iptables-things.ts";
import type { OwnedRow, SharedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import type { Drift, OwnedKind, SharedKind } from "./kind.ts";

/** Addresses that are masqueraded. */
export const masqueradeByIptables: OwnedKind = ownedKind();
/** Addresses that the node forwards to and from. */
export const forwardRulesByIptables: OwnedKind = ownedKind();

/** Chains that attachments have rules in. */
export const iptablesFrame: SharedKind = {
  dismantle: ({ node }, row) => {
    const frame = frameOf(row);
    if (frame !== undefined) node.iptables().changeNow(frame, endOfFrame(frame));
    return undefined;
  },
  compare: compareFrame,
  repair: ({ node }, row) => {
    const frame = frameOf(row);
    if (frame !== undefined) node.iptables().changeNow(frame, frameChanges(frame, { isNew: false }));
  },
  // Shared by all attachments: they carry nobody's tag.
  objects: (row) => {
    const frame = frameOf(row);
    return frame === undefined ? [] : objectsOfFrame(frame);
  },
};

/** Compares what a row stands for with iptables. */
export function compareThing(
  { node }: Pick<HelperState, "node">,
  thing: IptablesThing,
  object: string,
): readonly Drift[] {
  return thing.targets.flatMap((target): Drift[] => {
    const missing = node.iptables().firstMissingNow(target, [thing.rules()]);
    if (missing === undefined) return [];
    const found = `none of its rule in ${missing.chain}`;
    return [{ what: "missing", object, wanted: `its rules in ${target.variant} of ${target.family}`, found }];
  });
}

/** Makes what a row stands for anew. */
export function repairThing({ node }: Pick<HelperState, "node">, thing: IptablesThing): void {
  for (const target of thing.targets) {
    const changes: TableChanges[] = [
      ...frameChanges({ name: thing.frame, family: target.family }, { isNew: false }),
      thing.make(true),
    ];
    node.iptables().changeNow(target, mergeTables(changes));
  }
}

/** Ends what a row stands for. */
export function endThing({ node }: Pick<HelperState, "node">, thing: IptablesThing): void {
  for (const target of thing.targets) node.iptables().changeNow(target, [thing.end()]);
}

/** Gives a kind whose rows were made by nftables, or by iptables where they say so. */
export function orByIptables(kind: OwnedKind): OwnedKind {
  const byIptables = ownedKind();
  const which = (row: OwnedRow): OwnedKind => (thingOf(row) === undefined ? kind : byIptables);
  return {
    undo: (state, row) => which(row).undo(state, row),
    compare: (state, row) => which(row).compare(state, row),
    repair: (state, row) => which(row).repair?.(state, row),
    objects: (row) => which(row).objects(row),
  };
}

function ownedKind(): OwnedKind {
  return {
    undo: (state, row) => {
      const thing = thingOf(row);
      if (thing !== undefined) endThing(state, thing);
      return undefined;
    },
    compare: (state, row) => {
      const thing = thingOf(row);
      return thing === undefined ? [] : compareThing(state, thing, row.description);
    },
    repair: (state, row) => {
      const thing = thingOf(row);
      if (thing !== undefined) repairThing(state, thing);
    },
    objects: (row) => {
      const thing = thingOf(row);
      return thing === undefined ? [] : objectsOfThing(thing);
    },
  };
}

function compareFrame({ node }: HelperState, row: SharedRow): readonly Drift[] {
  const frame = frameOf(row);
  const missing = frame === undefined ? undefined : node.iptables().firstMissingNow(frame, frameRules(frame));
  if (missing === undefined) return [];
  const found = `none to it in ${missing.chain}`;
  return [{ what: "missing", object: row.description, wanted: "chains, and the way there", found }];
}
