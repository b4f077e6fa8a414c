/**
 * @module Ports of bridges that let one hardware address in.
 */
import {
  endGuard,
  guardObjects,
  guardPort,
  hasSpoofGuard,
  readGuard,
  restoreSpoofGuard,
  type GuardedPort,
} from "../../kernel/spoof-guard.ts";
import { formatMac, parseMac } from "../../spec/mac.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { compareElement } from "./element.ts";
import type { Drift, OwnedKind } from "./kind.ts";

/** Kind of the rows: one for each port. */
export const SPOOF_GUARD = "spoof-guard";

export const spoofGuard: OwnedKind = {
  undo: ({ node }, row) => {
    endGuard(node.nftables(), { ...readGuardRow(row), tag: row.tag });
    return undefined;
  },
  compare,
  repair: ({ node }, row) => {
    const nftables = node.nftables();
    const guarded = readGuardRow(row);
    if (readGuard(nftables, guarded) === undefined) guardPort(nftables, { ...guarded, tag: row.tag }, []);
    restoreSpoofGuard(nftables);
  },
  objects: (row) => guardObjects(readGuardRow(row)),
};

/** Reads the row of a port. */
export function readGuardRow({ key, undo }: Pick<OwnedRow, "key" | "undo">): GuardedPort {
  return { port: key, mac: parseMac(String(undo["mac"])) };
}

/** Elements without the chain's rules do nothing. */
function compare({ node }: HelperState, row: OwnedRow): readonly Drift[] {
  const nftables = node.nftables();
  const guarded = readGuardRow(row);
  const object = `guard of port ${guarded.port}`;
  const wanted = `to let ${formatMac(guarded.mac)} in alone`;
  const drifts = compareElement(readGuard(nftables, guarded), { tag: row.tag, object, wanted });
  if (drifts.length > 0 || hasSpoofGuard(nftables)) return drifts;
  return [{ what: "changed", object, wanted, found: "one that no rule looks into: the rules were flushed" }];
}
