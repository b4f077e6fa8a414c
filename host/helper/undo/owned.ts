/**
 * @module How each kind of change is undone. Every one meets what is already gone, was never made, or is by now somebody else's.
 */
import { isKernelError } from "../../kernel/error.ts";
import { removeForwarded } from "../../kernel/forwarding.ts";
import { removeMasquerade, removeMasqueradeSubnet } from "../../kernel/masquerade.ts";
import { parseIpAddress, parseIpPrefix } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import type { HelperState } from "../state.ts";
import { HOST_PORT, PORT_LINK, PUBLISHED_ADDRESS, undoPortLink, undoPublication } from "../published-ports.ts";
import { isTagged } from "./alias.ts";
import { onLink } from "./container.ts";
import { KIND_OF_SETTINGS, restoreSettings } from "./container-settings.ts";
import { KIND_OF_ATTRIBUTES, putBack } from "./link-attributes.ts";

/** What a row's undo gives: the index of a link of the node that is to be deleted, together with others; `undefined`: undone. */
type Undo = (state: HelperState, row: OwnedRow) => number | undefined;

/** One function for each kind of row. */
const UNDO: Readonly<Record<string, Undo>> = {
  // A mark only: which attachment holds which namespace.
  namespace: () => undefined,

  veth: ({ node }, { key, tag }) => {
    const link = node.rtnetlink.getLink({ name: key });
    return link !== undefined && link.kind === "veth" && isTagged(link, tag) ? link.index : undefined;
  },

  masquerade: ({ node }, { tag, undo }) => {
    const addresses = textsOf(undo["addresses"]).map(parseIpPrefix);
    const nftables = node.nftables();
    removeMasquerade(nftables, { tag, addresses });
    // Stays while another address of the subnet is masqueraded.
    for (const subnet of addresses) removeMasqueradeSubnet(nftables, subnet);
    return undefined;
  },

  "forward-rules": ({ node }, { tag, undo }) => {
    removeForwarded(node.nftables(), { tag, addresses: textsOf(undo["addresses"]).map(parseIpAddress) });
    return undefined;
  },
  [HOST_PORT]: undoPublication,
  [PUBLISHED_ADDRESS]: undoPublication,
  [PORT_LINK]: undoPortLink,

  "container-link": (_state, { undo }) =>
    onLink(undo, (rtnetlink, { index }) => rtnetlink.setLink(index, { up: false })),

  "container-address": (_state, { undo }) =>
    onLink(undo, (rtnetlink, { index }) => {
      for (const text of textsOf(undo["addresses"]))
        ignoreAbsent(() => rtnetlink.deleteAddress(index, parseIpPrefix(text)));
    }),

  [KIND_OF_ATTRIBUTES]: (_state, { undo }) => onLink(undo, (rtnetlink, link) => putBack(rtnetlink, link, undo)),

  [KIND_OF_SETTINGS]: restoreSettings,
};

/**
 * Undoes one change, or gives the index of the node's link whose deletion undoes it.
 * @throws {KernelError} when the kernel refuses.
 */
export function undoOwned(state: HelperState, row: OwnedRow): number | undefined {
  const undo = Object.hasOwn(UNDO, row.kind) ? UNDO[row.kind] : undefined;
  if (undo === undefined)
    throw new Error(`no way to undo ${JSON.stringify(row.kind)} is known: written by a newer release`);
  return undo(state, row);
}

function ignoreAbsent(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, "EADDRNOTAVAIL") && !isKernelError(error, "ENODEV")) throw error;
  }
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
