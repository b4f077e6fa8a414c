/**
 * @module Bridges of the node that attachments share: whose they are, and making sure that one is there.
 */
import { randomBytes } from "node:crypto";
import { coversAdoption } from "../../grants/capabilities/node-links.ts";
import { isKernelError } from "../../kernel/error.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { writeSysctl } from "../../kernel/sysctl.ts";
import type { MacAddress } from "../../spec/mac.ts";
import { tagOf } from "../ledger/tag.ts";
import type { SharedRow } from "../ledger/records.ts";
import { aliasOf, groupOf, isAnyTagged, isTagged } from "../undo/alias.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";
import { finishDead, SHARED_POLL_MS, SHARED_WAIT_MS } from "./shared-things.ts";

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

const MAC_BYTES = 6;
/** Bits of the first byte of a hardware address. */
const MULTICAST = 1;
const LOCAL = 2;

/**
 * Gives a bridge that this attachment uses, or that the operator adopted.
 * @throws {OperationFailure} not-permitted when it is there and neither; `absent` when it is not there.
 */
export function requireBridge(context: OperationContext, name: string, absent: string): UsableBridge {
  const link = context.state.node.rtnetlink.getLink({ name });
  if (link === undefined) throw new OperationFailure(absent);
  if (rowsUsed(context, name).some((row) => isMadeFor(link, row))) return { link, isOurs: true };
  if (link.kind === "bridge" && isAdopted(context, name)) return { link, isOurs: false };
  throw new OperationFailure(
    "not-permitted",
    `${JSON.stringify(name)} is not a bridge of this network; ${howToAdopt(name)}`,
  );
}

/** The row of a bridge that the attachment uses. */
function rowsUsed({ state, call }: OperationContext, name: string): readonly SharedRow[] {
  const { bridges, key: user } = call.operation;
  const known = bridges.get(name);
  if (known !== undefined) return [known];
  return state.ledger.shared.list({ user, kind: "bridge", key: name, nodeNetnsCookie: state.node.cookie });
}

/** Makes sure that a bridge is there and up, and that the attachment counts as a user of it. */
export function ensureBridge(context: OperationContext, options: BridgeOptions): Link | Promise<Link> {
  const { name } = options;
  // Before the link: a row that is the same afterwards says that the link is, too.
  const known = rowOf(context, name);
  const link = context.state.node.rtnetlink.getLink({ name });
  if (link !== undefined && link.kind !== "bridge") throw new OperationFailure("wrong-kind");
  if (link !== undefined && isAdopted(context, name) && !isOnRecord(context, name, known))
    return bringUp(context, link, options);
  return attempt(context, options, { known, link }) ?? ensureLater(context, options);
}

/** What was there before the ledger was asked to count the attachment in. */
interface Found {
  readonly known: SharedRow | undefined;
  readonly link: Link | undefined;
}

/** Waits while another operation makes or deletes the bridge; recovers one whose helper died. */
async function ensureLater(context: OperationContext, options: BridgeOptions): Promise<Link> {
  const { state, call } = context;
  const deadline = performance.now() + SHARED_WAIT_MS;
  while (performance.now() < deadline && !call.ended) {
    await new Promise((resolve) => setTimeout(resolve, SHARED_POLL_MS));
    await finishDead(context, { kind: "bridge", key: options.name });
    const known = rowOf(context, options.name);
    const found = state.node.rtnetlink.getLink({ name: options.name });
    const link = attempt(context, options, { known, link: found });
    if (link !== undefined) return link;
  }
  throw new OperationFailure("busy", `another operation makes or deletes ${JSON.stringify(options.name)}`);
}

/** Counts the attachment in, and makes the bridge where it is the first; `undefined`: another operation is at it. */
function attempt(context: OperationContext, options: BridgeOptions, found: Found): Link | undefined {
  const { state, call } = context;
  const { name } = options;
  if (found.link !== undefined && !isOnRecord(context, name, found.known)) throw foreign(name);
  const { state: outcome, row } = state.ledger.shared.share(call.owner, {
    operationId: call.operation.id,
    kind: "bridge",
    key: name,
    undo: { tag: tagOf(call.owner) },
    description: `bridge ${name}`,
  });
  if (outcome === "creating" || outcome === "deleting") return undefined;
  call.operation.bridges.set(name, row);
  const isSame = outcome === "joined" && found.known?.state === "ready" && found.known.id === row.id;
  const link = isSame ? found.link : state.node.rtnetlink.getLink({ name });
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
      mac: randomMac(),
    });
  } catch (error) {
    forgetUnmade(context, row);
    throw isKernelError(error, "EEXIST") ? foreign(name) : error;
  }
  withoutIpv6(() => writeSysctl(context.state.node.netns, { name: "accept_ra", link: name }, 0));
  rtnetlink.setLink(name, {
    alias: aliasOf(tag),
    group: 0,
    up: true,
    promiscuous: options.promiscuous ? true : undefined,
  });
  context.state.ledger.shared.ready(row.id);
  return requireLink(context, name);
}

/** A hardware address of nobody: locally administered, for one station. Source: IEEE 802, 8.4. */
function randomMac(): MacAddress {
  const [first = 0, ...rest] = randomBytes(MAC_BYTES);
  return [(first & ~MULTICAST) | LOCAL, ...rest] as unknown as MacAddress;
}

/** Takes back a row whose bridge was not made: what is there by that name is somebody else's. */
function forgetUnmade({ state, call }: OperationContext, row: SharedRow): void {
  call.operation.bridges.delete(row.key);
  const { shared } = state.ledger;
  if (shared.unshare(row.id, { ...call.operation.key, digests: [call.owner.digest] }, call.operation.id)?.last === true)
    shared.removed(row.id);
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

function rowOf({ state }: OperationContext, name: string): SharedRow | undefined {
  return state.ledger.shared.find(state.node.cookie, "bridge", name);
}

/** Tells whether the ledger knows a bridge; `known` is from before its link was found, which another helper may have made since. */
function isOnRecord(context: OperationContext, name: string, known: SharedRow | undefined): boolean {
  return known !== undefined || rowOf(context, name) !== undefined;
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
    `bridge ${JSON.stringify(name)} was made by somebody else; ${howToAdopt(name)}`,
  );
}

function howToAdopt(name: string): string {
  return `"node-links" with it in "adopt" would allow it: cnidaria install bridge --adopt ${name}`;
}
