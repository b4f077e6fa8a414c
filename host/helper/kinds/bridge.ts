/**
 * @module Bridges that attachments share.
 */
import type { Link } from "../../kernel/rtnetlink.ts";
import type { SharedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { isTagged } from "../undo/alias.ts";
import { addMissingAddresses, compareAddresses } from "./container-address.ts";
import { tagIn } from "./kind.ts";
import type { Drift, SharedKind } from "./kind.ts";
import { linkObject } from "./veth.ts";

export const bridge: SharedKind = {
  dismantle: (state, row) => ownBridge(state, row)?.index,
  compare,
  repair: ({ node }, row) => {
    const link = ownBridge({ node }, row);
    if (link === undefined) return;
    if (!link.up) node.rtnetlink.setLink(link.index, { up: true });
    addMissingAddresses(node.rtnetlink, link, row.undo["addresses"]);
  },
  objects: ({ key }) => [linkObject(key)],
};

function ownBridge({ node }: Pick<HelperState, "node">, row: SharedRow): Link | undefined {
  const link = node.rtnetlink.getLink({ name: row.key });
  return link !== undefined && link.kind === "bridge" && isTagged(link, tagIn(row)) ? link : undefined;
}

function compare({ node }: HelperState, row: SharedRow): readonly Drift[] {
  const object = `bridge ${row.key} of the node`;
  const link = ownBridge({ node }, row);
  if (link !== undefined) return compareOwn(node, link, row);
  const wanted = "the bridge that was made for its attachments";
  return node.rtnetlink.getLink({ name: row.key }) === undefined
    ? [{ what: "missing", object, wanted, found: "no such link" }]
    : [{ what: "foreign", object, wanted, found: "another link of that name" }];
}

function compareOwn({ rtnetlink }: HelperState["node"], link: Link, { key, undo }: SharedRow): readonly Drift[] {
  const down: Drift = { what: "changed", object: `bridge ${key} of the node`, wanted: "up", found: "down" };
  const addresses = compareAddresses({ rtnetlink, link, name: key, place: "the node" }, undo["addresses"]);
  return [...(link.up ? [] : [down]), ...addresses];
}
