/**
 * @module Rates of the node's end of an attachment's link.
 */
import type { OwnedRow } from "../ledger/records.ts";
import {
  bucketObject,
  redirectionObject,
  handleOf,
  heldEgress,
  heldIngress,
  makeRates,
  ownIfb,
  readRatesRow,
  undoRates,
} from "../shaped-rates.ts";
import type { RateText } from "../shaped-rates.ts";
import type { HelperState } from "../state.ts";
import type { Drift, OwnedKind } from "./kind.ts";
import { linkObject } from "./veth.ts";

export { KIND_OF_RATES } from "../shaped-rates.ts";

export const shaping: OwnedKind = {
  undo: undoRates,
  compare,
  repair,
  objects: (row) => {
    const { index, ingress, egress } = readRatesRow(row);
    return [
      ...(ingress === undefined ? [] : [bucketObject(index, handleOf(row.tag))]),
      ...(egress === undefined ? [] : [linkObject(egress.ifb), redirectionObject(index)]),
    ];
  },
};

function compare({ node }: HelperState, row: OwnedRow): readonly Drift[] {
  const { index, ingress, egress } = readRatesRow(row);
  // What went with its link is no difference of its own: the row of the link says it.
  if (node.rtnetlink.getLink({ index }) === undefined) return [];
  const root = node.shaper().getRoot(index);
  const isTaken = root !== undefined && root.handle !== 0 && root.handle !== handleOf(row.tag);
  return [
    ...(ingress !== undefined && isTaken
      ? [{ what: "foreign", object: objectOf(row, "to"), wanted: say(ingress), found: root.kind } as const]
      : compareRate(objectOf(row, "to"), ingress, heldIngress(node, row))),
    ...compareRate(objectOf(row, "from"), egress, heldEgress(node, row)),
  ];
}

function compareRate(object: string, wanted: RateText | undefined, found: RateText | undefined): readonly Drift[] {
  if (wanted === undefined || (found !== undefined && say(wanted) === say(found))) return [];
  const what = found === undefined ? "missing" : "changed";
  return [{ what, object, wanted: say(wanted), found: found === undefined ? "no limit" : say(found) }];
}

function objectOf({ key }: OwnedRow, direction: "to" | "from"): string {
  return `rate of link ${key}, ${direction} the container`;
}

function say({ bitsPerSecond, burstBits }: RateText): string {
  return `${bitsPerSecond} bit/s with a burst of ${burstBits} bits`;
}

/** Makes all of it anew where nobody else has taken the place of any of it. An `ifb` link that is there is kept. */
function repair(state: HelperState, row: OwnedRow): void {
  const { node } = state;
  const rates = readRatesRow(row);
  const drifts = compare(state, row);
  const link = node.rtnetlink.getLink({ index: rates.index });
  if (link === undefined || drifts.length === 0 || drifts.some(({ what }) => what === "foreign")) return;
  undoRates(state, row);
  const ifb = rates.egress === undefined ? undefined : ownIfb(node, row.tag, rates.egress.ifb);
  if (ifb !== undefined) node.shaper().removeBucket(ifb.index, handleOf(row.tag));
  makeRates(node, link, row.tag, rates);
}
