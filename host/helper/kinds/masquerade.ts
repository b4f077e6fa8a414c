/**
 * @module Addresses that are masqueraded.
 */
import {
  addMasquerade,
  hasMasqueradeRules,
  masqueradeObjects,
  readMasquerade,
  removeMasquerade,
  removeMasqueradeSubnet,
  restoreMasqueradeRules,
} from "../../kernel/masquerade.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import { formatIpAddress, parseIpPrefix } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { compareElement } from "./element.ts";
import { textsOf } from "./kind.ts";
import type { Drift, OwnedKind } from "./kind.ts";

export const masquerade: OwnedKind = {
  undo: ({ node }, row) => {
    const nftables = node.nftables();
    const addresses = addressesIn(row);
    removeMasquerade(nftables, { tag: row.tag, addresses });
    // Stays while another address of the subnet is masqueraded.
    for (const subnet of addresses) removeMasqueradeSubnet(nftables, subnet);
    return undefined;
  },
  compare,
  repair: (state, row) => {
    const nftables = state.node.nftables();
    const gone = addressesIn(row).filter(({ address }) => readMasquerade(nftables, address) === undefined);
    addMasquerade(nftables, { tag: row.tag, addresses: gone });
    if (!hasMasqueradeRules(nftables)) restoreMasqueradeRules(nftables, addressesIn(row));
  },
  objects: (row) => addressesIn(row).flatMap(masqueradeObjects),
};

function addressesIn({ undo }: OwnedRow): readonly IpPrefix[] {
  return textsOf(undo["addresses"]).map(parseIpPrefix);
}

function compare(state: HelperState, row: OwnedRow): readonly Drift[] {
  return addressesIn(row).flatMap((address) => compareOne(state, row, address));
}

/** An element without the chain's rules does nothing. */
function compareOne({ node }: HelperState, { tag }: OwnedRow, { address }: IpPrefix): readonly Drift[] {
  const nftables = node.nftables();
  const object = `masquerade of ${formatIpAddress(address)}`;
  const wanted = "an element of the packet filter";
  const drifts = compareElement(readMasquerade(nftables, address), { tag, object, wanted });
  if (drifts.length > 0 || hasMasqueradeRules(nftables)) return drifts;
  return [{ what: "changed", object, wanted, found: "one that no rule looks into: the rules were flushed" }];
}
