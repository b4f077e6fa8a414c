/**
 * @module Addresses that the node forwards to and from.
 */
import {
  addForwarded,
  forwardedObjects,
  hasForwardChain,
  readForwarded,
  removeForwarded,
  restoreForwardChain,
} from "../../kernel/forwarding.ts";
import { formatIpAddress, parseIpAddress, type IpAddress } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { compareElement } from "./element.ts";
import { textsOf } from "./kind.ts";
import type { Drift, OwnedKind } from "./kind.ts";

export const forwardRules: OwnedKind = {
  undo: ({ node }, row) => {
    removeForwarded(node.nftables(), { tag: row.tag, addresses: addressesIn(row) });
    return undefined;
  },
  compare,
  repair: (state, row) => {
    const nftables = state.node.nftables();
    const gone = addressesIn(row).filter((address) => readForwarded(nftables, address) === undefined);
    addForwarded(nftables, { tag: row.tag, addresses: gone });
    restoreForwardChain(nftables);
  },
  objects: (row) => addressesIn(row).flatMap(forwardedObjects),
};

function addressesIn({ undo }: OwnedRow): readonly IpAddress[] {
  return textsOf(undo["addresses"]).map(parseIpAddress);
}

function compare(state: HelperState, row: OwnedRow): readonly Drift[] {
  return addressesIn(row).flatMap((address) => compareOne(state, row, address));
}

/** An element without the chain's rules does nothing. */
function compareOne({ node }: HelperState, { tag }: OwnedRow, address: IpAddress): readonly Drift[] {
  const nftables = node.nftables();
  const object = `forwarding for ${formatIpAddress(address)}`;
  const wanted = "an element of the packet filter";
  const drifts = compareElement(readForwarded(nftables, address), { tag, object, wanted });
  if (drifts.length > 0 || hasForwardChain(nftables)) return drifts;
  return [{ what: "changed", object, wanted, found: "one that no rule looks into: the rules were flushed" }];
}
