/**
 * @module `shaping`: how fast the attachment's link sends and receives. Everything that shapes it is on record, in one row, before.
 */
import { hash } from "node:crypto";
import * as z from "zod";
import type { Link } from "../../kernel/rtnetlink.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { isMadeByOthers } from "../made-by-others.ts";
import type { AttachmentKey } from "../protocol.ts";
import {
  bucketOfText,
  heldEgress,
  heldIngress,
  KIND_OF_RATES,
  makeRates,
  ratesRow,
  undoRates,
} from "../shaped-rates.ts";
import type { RateText, ShapedRates } from "../shaped-rates.ts";
import { awaitDeletions, beginDeletion } from "../undo/deletions.ts";
import { LINK_NAME } from "./arguments.ts";
import { findNodeEnd } from "./attachment-link.ts";
import { rowsOfPlugin } from "./filter-rows.ts";
import { linkInfoOf } from "./link-info.ts";
import type { LinkInfo } from "./link-info.ts";
import { OperationFailure, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Digits of the largest number of 64 bits. */
const DIGITS_MAX = 20;
const RATE = z.object({ bitsPerSecond: z.string().max(DIGITS_MAX), burstBits: z.string().max(DIGITS_MAX) });
const RATES = z.object({ ingress: RATE.optional(), egress: RATE.optional() });
type AskedRates = z.output<typeof RATES>;

/** Names of `ifb` links: prefix, and as many hexadecimal digits as there is room for. Source: the reference plugin. */
const IFB_PREFIX = "bwp";
const IFB_DIGITS = 12;

export const SHAPING: OperationInterface = {
  name: "shaping",
  errors: {
    EEXIST: "conflict",
    ENODEV: "not-found",
    ENOENT: "unsupported",
    EOPNOTSUPP: "unsupported",
  },
  otherwise: "invalid-argument",
  operations: {
    find: operation({ effect: "read", schema: z.tuple([]), run: (context) => linkInfoOf(findNodeEnd(context)) }),
    set: operation({
      effect: "change",
      maxCalls: 8,
      schema: z.tuple([LINK_NAME, RATES]),
      run: (context, [name, rates]) => set(context, name, rates),
    }),
    get: operation({ effect: "read", schema: z.tuple([]), run: get }),
    remove: operation({
      effect: "change",
      schema: z.tuple([]),
      run: (context) => {
        remove(context);
        return removeOthers(context);
      },
    }),
  },
};

async function set(context: OperationContext, name: string, asked: AskedRates): Promise<LinkInfo | undefined> {
  const { state, call } = context;
  for (const rate of [asked.ingress, asked.egress]) if (rate !== undefined) refuseUncountable(rate);
  const link = findNodeEnd(context);
  if (link.name !== name)
    throw new OperationFailure("not-permitted", `${JSON.stringify(name)} is not the attachment's link`);
  await replaceOwn(context);
  const { ingress } = asked;
  const egress = asked.egress === undefined ? undefined : { ...asked.egress, ifb: freeName(context) };
  if (ingress === undefined && egress === undefined) return undefined;
  const rates = { index: link.index, ingress, egress };
  refuseOthers(context, link, rates);
  const ids = { operationId: call.operation.id, callId: call.id };
  const row = state.ledger.intent(call.owner, { ...ids, ...ratesRow(link, rates) });
  try {
    const ifb = makeRates(state.node, link, call.tag, rates);
    state.ledger.done(row);
    return ifb === undefined ? undefined : linkInfoOf(ifb);
  } catch (error) {
    await takeBack(context, row);
    throw error;
  }
}

function refuseUncountable(asked: RateText): void {
  if (bucketOfText(asked) !== undefined) return;
  const { bitsPerSecond, burstBits } = asked;
  const got = `${JSON.stringify(bitsPerSecond)} bits per second with a burst of ${JSON.stringify(burstBits)} bits`;
  throw new OperationFailure(
    "invalid-argument",
    `want at least 8 bits of each, and burst and 25 ms of the rate below 4 GiB together; got ${got}`,
    true,
  );
}

/** Removes what the plugin has; waits, since the new `ifb` link has the same name. */
async function replaceOwn(context: OperationContext): Promise<void> {
  remove(context);
  if (context.call.operation.deletions.length > 0) await awaitDeletions(context.call.operation);
}

/** The reference plugin's name, unless another attachment has it: that name is the same for every link of a container in a network. */
function freeName({ state, call }: OperationContext): string {
  const { network, containerId } = call.operation.key;
  const names = [nameOfReference({ network, containerId }), nameOf(call.tag)];
  const free = names.find((name) => state.node.rtnetlink.getLink({ name }) === undefined);
  if (free !== undefined) return free;
  throw new OperationFailure(
    "conflict",
    `there are links ${names.map((name) => JSON.stringify(name)).join(", ")}`,
    true,
  );
}

/** The name that the reference plugin gives. */
function nameOfReference({ network, containerId }: Pick<AttachmentKey, "network" | "containerId">): string {
  return nameOf(hash("sha512", `${network}${containerId}`, "hex"));
}

function nameOf(digits: string): string {
  return `${IFB_PREFIX}${digits.slice(0, IFB_DIGITS)}`;
}

/** Before anything is written: what is there afterwards is ours to remove. */
function refuseOthers({ state }: OperationContext, link: Link, { ingress, egress }: ShapedRates): void {
  const shaper = state.node.shaper();
  const root = shaper.getRoot(link.index);
  const name = JSON.stringify(link.name);
  if (ingress !== undefined && root !== undefined && root.handle !== 0)
    throw new OperationFailure("conflict", `link ${name} of the node has ${root.kind} already`, true);
  if (egress !== undefined && shaper.hasIngress(link.index))
    throw new OperationFailure("conflict", `what comes in by link ${name} of the node is filtered already`, true);
}

/** Undoes what there is of rates that failed. */
async function takeBack({ state, call }: OperationContext, id: number): Promise<void> {
  const row = state.ledger
    .owned({ operationId: call.operation.id, kind: KIND_OF_RATES })
    .find((each) => each.id === id);
  const index = row === undefined ? undefined : undoRates(state, row);
  if (index !== undefined) call.asyncKernelMicroseconds += await state.node.rtnetlink.deleteLinks([index]);
  state.ledger.forget(id);
}

/** What the plugin has for the attachment, but for what is being deleted. */
function rowsOf(context: OperationContext): OwnedRow[] {
  const begun = new Set(context.call.operation.deletions.map(({ ownedId }) => ownedId));
  return rowsOfPlugin(context, KIND_OF_RATES).filter(({ id }) => !begun.has(id));
}

/** Begins to remove everything: the end of the operation waits for the links. */
function remove(context: OperationContext): void {
  const { state, call } = context;
  for (const row of rowsOf(context).toReversed()) beginDeletion(state, call.operation, row);
}

/** Deletes the `ifb` link of an attachment that another program made, whose address was taken over: this DEL is the one that it gets. */
async function removeOthers({ state, call }: OperationContext): Promise<void> {
  const { key, begun } = call.operation;
  if (begun.verb !== "DEL" || !isMadeByOthers(state, key)) return;
  const { rtnetlink } = state.node;
  const link = rtnetlink.getLink({ name: nameOfReference(key) });
  if (link?.kind === "ifb" && link.alias === undefined) await rtnetlink.deleteLinks([link.index]);
}

function get(context: OperationContext): { ingress?: RateText | undefined; egress?: RateText | undefined } {
  const row = rowsOf(context).at(-1);
  if (row === undefined) return {};
  const { node } = context.state;
  return { ingress: heldIngress(node, row), egress: heldEgress(node, row) };
}
