/**
 * @module Addresses on bridges that others made, which attachments share. Those on a bridge of ours go with it.
 */
import { isKernelError } from "../../kernel/error.ts";
import { formatIpPrefix, parseIpPrefix, prefixEquals } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import type { SharedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import type { Drift, SharedKind } from "./kind.ts";

/** Most addresses of a link that are looked at. */
const LIST_MAX = 4096;

export const nodeAddress: SharedKind = {
  dismantle: (state, row) => remove(state, row),
  compare,
  repair: (state, row) => {
    const place = placeOf(state, row);
    if (place !== undefined && !place.isThere) state.node.rtnetlink.addAddress(place.index, place.address);
  },
  objects: () => [],
};

/** Where an address was put, as long as that is the same link. */
interface Place {
  readonly index: number;
  readonly address: IpPrefix;
  readonly isThere: boolean;
}

/** `undefined`: the link went, and the address with it. Another link may have its name. */
function placeOf({ node }: HelperState, { undo }: SharedRow): Place | undefined {
  const { link, index, address: text } = undo;
  if (typeof link !== "string" || typeof text !== "string") return undefined;
  const found = node.rtnetlink.getLink({ name: link });
  if (found === undefined || found.index !== index) return undefined;
  const address = parseIpPrefix(text);
  const present = node.rtnetlink.listAddresses(found.index, { max: LIST_MAX, family: address.address.tag });
  return { index: found.index, address, isThere: present.some((each) => prefixEquals(each.address, address)) };
}

function remove(state: HelperState, row: SharedRow): undefined {
  const { link, index, address } = row.undo;
  if (typeof link !== "string" || typeof address !== "string") return;
  const found = state.node.rtnetlink.getLink({ name: link });
  // Another link of that name by now: the address went with the old one.
  if (found === undefined || found.index !== index) return;
  try {
    state.node.rtnetlink.deleteAddress(found.index, parseIpPrefix(address));
  } catch (error) {
    if (!isKernelError(error, "EADDRNOTAVAIL") && !isKernelError(error, "ENODEV")) throw error;
  }
}

function compare(state: HelperState, row: SharedRow): readonly Drift[] {
  const { link, address } = row.undo;
  if (typeof link !== "string" || typeof address !== "string") return [];
  const place = placeOf(state, row);
  if (place?.isThere === true) return [];
  const object = `address ${formatIpPrefix(parseIpPrefix(address))} of the node`;
  const found = place === undefined ? "that link is gone" : "not there";
  return [{ what: "missing", object, wanted: `on link ${link}`, found }];
}
