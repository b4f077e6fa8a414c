/**
 * @module Bridges of the node that attachments share: whose they are, and making sure that one is there.
 */
import { coversAdoption } from "../../grants/capabilities/node-links.ts";
import { isKernelError } from "../../kernel/error.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { writeSysctl } from "../../kernel/sysctl.ts";
import { tagOf } from "../ledger/tag.ts";
import { recover } from "../ledger/recovery.ts";
import type { SharedRow } from "../ledger/records.ts";
import { aliasOf, groupOf, isAnyTagged, isTagged } from "../undo/alias.ts";
import { undoRemains } from "../undo/remains.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/** The WIT record `bridge-options`. */
export interface BridgeOptions {
  readonly name: string;
  readonly mtuBytes?: number | undefined;
  readonly vlanFiltering: boolean;
  readonly promiscuous: boolean;
}

/** A bridge that the call may use. */
export interface UsableBridge {
  readonly link: Link;
  /** Made by Cnidaria: it goes with its last user. */
  readonly isOurs: boolean;
}

/** How long an operation that makes or deletes the same bridge is waited for, in ms. */
const WAIT_MS = 10_000;
const POLL_MS = 2;

/**
 * Gives a bridge that this attachment uses, or that the operator adopted.
 * @throws {OperationFailure} not-permitted when it is there and neither; `absent` when it is not there.
 */
export function requireBridge(context: OperationContext, name: string, absent: string): UsableBridge {
  const { state, call } = context;
  const link = state.node.rtnetlink.getLink({ name });
  if (link === undefined) throw new OperationFailure(absent);
  const rows = state.ledger.shared.list({
    user: call.operation.key,
    kind: "bridge",
    key: name,
    nodeNetnsCookie: state.node.cookie,
  });
  if (rows.some((row) => isMadeFor(link, row))) return { link, isOurs: true };
  if (link.kind === "bridge" && isAdopted(context, name)) return { link, isOurs: false };
  throw new OperationFailure(
    "not-permitted",
    `${JSON.stringify(name)} is not a bridge of this network; "node-links" with it in "adopt" would allow it`,
  );
}

/** Makes sure that a bridge is there and up, and that the attachment counts as a user of it. */
export function ensureBridge(context: OperationContext, options: BridgeOptions): Link | Promise<Link> {
  const { state } = context;
  const link = state.node.rtnetlink.getLink({ name: options.name });
  if (link !== undefined && link.kind !== "bridge") throw new OperationFailure("wrong-kind");
  if (link !== undefined && isAdopted(context, options.name) && !isKnown(context, options.name)) {
    return bringUp(context, link, options);
  }
  return attempt(context, options, link) ?? ensureLater(context, options);
}

/** Waits while another operation makes or deletes the bridge; recovers one whose helper died. */
async function ensureLater(context: OperationContext, options: BridgeOptions): Promise<Link> {
  const { state, call } = context;
  const deadline = performance.now() + WAIT_MS;
  while (performance.now() < deadline && !call.ended) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    await finishDead(context, options.name);
    const link = attempt(context, options, state.node.rtnetlink.getLink({ name: options.name }));
    if (link !== undefined) return link;
  }
  throw new OperationFailure("busy", `another operation makes or deletes ${JSON.stringify(options.name)}`);
}

/** Finishes what an operation left whose helper died. */
async function finishDead({ state }: OperationContext, name: string): Promise<void> {
  const { ledger, locks, node } = state;
  const rows = ledger.shared.list({ kind: "bridge", key: name, nodeNetnsCookie: node.cookie });
  for (const row of rows.filter((each) => each.state !== "ready")) {
    await recover(ledger, locks, (remains) => undoRemains(state, remains), { operationId: row.operationId });
  }
}

/** Counts the attachment in, and makes the bridge where it is the first; `undefined`: another operation is at it. */
function attempt(context: OperationContext, options: BridgeOptions, found: Link | undefined): Link | undefined {
  const { state, call } = context;
  const { ledger } = state;
  const { name } = options;
  if (found !== undefined && !isKnown(context, name)) throw foreign(name);
  const { state: outcome, row } = ledger.shared.share(call.owner, {
    operationId: call.operation.id,
    kind: "bridge",
    key: name,
    undo: { tag: tagOf(call.owner) },
    description: `bridge ${name}`,
  });
  if (outcome === "creating" || outcome === "deleting") return undefined;
  const link = state.node.rtnetlink.getLink({ name });
  if (link === undefined) return create(context, options, row);
  if (outcome === "created" && isAnyTagged(link)) adoptRemains(context, row, link);
  else if (!isMadeFor(link, row)) {
    forgetUnmade(context, row);
    throw foreign(name);
  }
  return bringUp(context, link, options);
}

function create(context: OperationContext, options: BridgeOptions, row: SharedRow): Link {
  const { rtnetlink } = context.state.node;
  const { name, mtuBytes, vlanFiltering } = options;
  const tag = tagIn(row);
  try {
    rtnetlink.createBridge({
      name,
      mtu: mtuBytes,
      vlanFiltering: vlanFiltering ? true : undefined,
      group: groupOf(tag),
    });
  } catch (error) {
    forgetUnmade(context, row);
    throw isKernelError(error, "EEXIST") ? foreign(name) : error;
  }
  const made = requireLink(context, name);
  withoutIpv6(() => writeSysctl(context.state.node.netns, { name: "accept_ra", link: name }, 0));
  rtnetlink.setLink(made.index, {
    alias: aliasOf(tag),
    group: 0,
    up: true,
    // Set, though to what it is: otherwise a bridge takes the lowest one of its ports, and changes it when they come and go.
    mac: made.mac,
    promiscuous: options.promiscuous ? true : undefined,
  });
  context.state.ledger.shared.ready(row.id);
  return requireLink(context, name);
}

/** Takes back a row whose bridge was not made: what is there by that name is somebody else's. */
function forgetUnmade({ state, call }: OperationContext, row: SharedRow): void {
  const { shared } = state.ledger;
  if (shared.unshare(row.id, call.operation.key, call.operation.id)?.last === true) shared.removed(row.id);
}

/** A bridge whose deletion failed half-way is still there, and ours. */
function adoptRemains({ state }: OperationContext, row: SharedRow, link: Link): void {
  state.node.rtnetlink.setLink(link.index, { alias: aliasOf(tagIn(row)), group: 0 });
  state.ledger.shared.ready(row.id);
}

/** Sets a bridge up, without router advertisements, and promiscuous where that is wanted. Changes nothing that is so already. */
function bringUp({ state }: OperationContext, link: Link, { promiscuous }: BridgeOptions): Link {
  const { netns, rtnetlink } = state.node;
  const isDone = link.up && (link.promiscuous || !promiscuous);
  if (isDone) return link;
  if (!link.up) withoutIpv6(() => writeSysctl(netns, { name: "accept_ra", link: link.name }, 0));
  rtnetlink.setLink(link.index, { up: true, promiscuous: promiscuous ? true : undefined });
  return rtnetlink.getLink({ index: link.index }) ?? link;
}

/** Runs something that a kernel without IPv6 has no file for. */
export function withoutIpv6(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!isKernelError(error, "ENOENT")) throw error;
  }
}

function requireLink({ state }: OperationContext, name: string): Link {
  const link = state.node.rtnetlink.getLink({ name });
  if (link === undefined) throw new OperationFailure("not-permitted", `${JSON.stringify(name)} went away`);
  return link;
}

function isAdopted({ call }: OperationContext, name: string): boolean {
  return coversAdoption(call.grant.capabilities["node-links"], call.facts, name);
}

/** Tells whether the ledger knows the bridge. */
function isKnown({ state }: OperationContext, name: string): boolean {
  return state.ledger.shared.list({ kind: "bridge", key: name, nodeNetnsCookie: state.node.cookie }).length > 0;
}

function isMadeFor(link: Link, row: SharedRow): boolean {
  return link.kind === "bridge" && isTagged(link, tagIn(row));
}

function tagIn({ undo }: SharedRow): string {
  return typeof undo["tag"] === "string" ? undo["tag"] : "";
}

function foreign(name: string): OperationFailure {
  return new OperationFailure(
    "not-permitted",
    `bridge ${JSON.stringify(name)} is somebody else's; "node-links" with it in "adopt" would allow it`,
  );
}
