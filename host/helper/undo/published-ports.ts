/**
 * @module Undoing rows of published ports: what nftables has, and links. Rules of iptables are undone by `iptables.ts`.
 */
import { isKernelError } from "../../kernel/error.ts";
import { removePortLink, removeUnusedHostPorts, withdrawPorts } from "../../kernel/host-ports.ts";
import { removeConditions } from "../../kernel/port-conditions.ts";
import { writeSysctl } from "../../kernel/sysctl.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { whyNoNftables } from "../packet-filter.ts";
import { forgetFlows } from "../port-flows.ts";
import {
  HOST_PORT,
  isByIptables,
  PORT_LINK,
  publicationOf,
  PUBLISHED_ADDRESS,
  readPortRow,
} from "../published-ports.ts";
import type { HelperState } from "../state.ts";

/** Undoes the row of a port, or of an address. */
export function undoPublication(state: HelperState, row: OwnedRow): undefined {
  const { node } = state;
  const nftables = node.nftables();
  withdrawPorts(nftables, publicationOf([row], row.tag));
  if (row.kind !== HOST_PORT) return void removeUnusedHostPorts(nftables);
  forgetFlows(node, readPortRow(row));
  removeFrameAfterAddresses(state);
}

/**
 * Removes what all published ports have in common, where no address is left that would take it along: addresses go after ports and links, unless
 * those could not be undone the first time.
 */
function removeFrameAfterAddresses({ node, ledger }: HelperState): void {
  if (ledger.findOwned({ kind: PUBLISHED_ADDRESS, nodeNetnsCookie: node.cookie }, 0) === undefined)
    removeUnusedHostPorts(node.nftables());
}

/** Undoes the row of conditions: no port leads to them any more. */
export function undoConditions({ node }: HelperState, { key }: OwnedRow): undefined {
  removeConditions(node.nftables(), [key]);
}

/** Undoes the row of a link, unless another attachment has one. */
export function undoPortLink(state: HelperState, row: OwnedRow): undefined {
  const { node, ledger } = state;
  const { key, undo } = row;
  ledger.transaction(() => {
    // Nobody else can publish meanwhile: that is in a transaction of its own, too.
    if (ledger.findOwned({ kind: PORT_LINK, key, nodeNetnsCookie: node.cookie }, row.id) !== undefined) return;
    const link = node.rtnetlink.getLink({ name: key });
    if (undo["routesLocalnet"] === true && link !== undefined && link.index === undo["index"])
      ignoreAbsent(() => writeSysctl(node.netns, { name: "route_localnet", link: key }, 0));
    // One that nftables published over it may have gone before: its element stayed for this one.
    if (whyNoNftables(node) !== undefined) return;
    removePortLink(node.nftables(), key);
    if (isByIptables(row)) removeUnusedHostPorts(node.nftables());
    else removeFrameAfterAddresses(state);
  });
}

function ignoreAbsent(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, "ENOENT")) throw error;
  }
}
