/**
 * @module Isolation of the bridge that an attachment is on. Attachments share it: it goes with the last one that asked for it.
 */
import { isKernelError } from "../../kernel/error.ts";
import { addIsolation, hasIsolationChain, readIsolation, removeIsolation } from "../../kernel/isolation.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import type { ShareOutcome, SharedRow, SharedThing } from "../ledger/records.ts";
import { tagOf } from "../ledger/tag.ts";
import { isTagged } from "../undo/alias.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";
import { isOurs, shareLater } from "./shared-things.ts";

/** Kind of the ledger's rows. */
const KIND = "isolation";

/** The WIT enum `isolation`. */
export type Isolation = "open" | "same-bridge" | "isolated";

/** Isolates a bridge, and the attachment's port of it where its containers are to be kept from each other. */
export function isolate(context: OperationContext, bridge: string, isolation: Isolation): void | Promise<void> {
  const port = portOf(context, bridge);
  if (isolation === "open") return;
  // What the bridge switches itself is kept apart by the bridge. It goes with the port.
  if (isolation === "isolated") context.state.node.rtnetlink.setBridgePort(port.index, { isolated: true });
  const { state, call } = context;
  const thing: SharedThing = {
    operationId: call.operation.id,
    kind: KIND,
    key: bridge,
    undo: { tag: tagOf(call.owner), isolation },
    description: `isolation of bridge ${bridge}`,
  };
  const judge = (): void => refuseOther(context, bridge, isolation);
  judge();
  const outcome = state.ledger.shared.share(call.owner, thing);
  if (isOurs(outcome)) return make(context, outcome);
  return shareLater(context, thing, { judge, busy: "conflict" }).then((later) => make(context, later));
}

/** Tells how the packet filter isolates a bridge that the attachment is on. */
export function isolationOf(context: OperationContext, bridge: string): Isolation {
  portOf(context, bridge);
  const nftables = context.state.node.nftables();
  const found = hasIsolationChain(nftables) ? readIsolation(nftables, bridge) : undefined;
  if (found?.tag === undefined) return "open";
  return found.isClosed ? "isolated" : "same-bridge";
}

/**
 * Gives the attachment's port of a bridge.
 * @throws {OperationFailure} not-permitted when it has none.
 */
function portOf({ state, call }: OperationContext, bridge: string): Link {
  const { rtnetlink, cookie: nodeNetnsCookie } = state.node;
  const { key: attachment } = call.operation;
  const { index } = rtnetlink.getLink({ name: bridge }) ?? {};
  for (const row of state.ledger.owned({ attachment, kind: "veth", nodeNetnsCookie })) {
    const link = rtnetlink.getLink({ name: row.key });
    if (link !== undefined && isTagged(link, row.tag) && index !== undefined && link.masterIndex === index) return link;
  }
  throw new OperationFailure("not-permitted", `the attachment has no port of bridge ${JSON.stringify(bridge)}`);
}

/** Refuses where attachments ask for another isolation already: one bridge has one. */
function refuseOther({ state }: OperationContext, bridge: string, isolation: Isolation): void {
  const row = state.ledger.shared.find(state.node.cookie, KIND, bridge);
  const found = row?.state === "ready" ? row.undo["isolation"] : isolation;
  if (found !== isolation)
    throw new OperationFailure(
      "conflict",
      `bridge ${JSON.stringify(bridge)} is ${JSON.stringify(found)} for other attachments`,
    );
}

/** Makes it where the attachment is the first, or where somebody flushed the packet filter. */
function make(context: OperationContext, { state: outcome, row }: ShareOutcome): void {
  const { state, call } = context;
  const isolated = { bridge: row.key, isClosed: row.undo["isolation"] === "isolated", tag: tagIn(row) };
  try {
    const nftables = state.node.nftables();
    // What a removal left that failed half-way is nobody's any more.
    const left = outcome === "created" ? readIsolation(nftables, row.key)?.tag : undefined;
    if (left !== undefined) removeIsolation(nftables, { bridge: row.key, tag: left });
    addIsolation(nftables, isolated);
  } catch (error) {
    const user = { ...call.operation.key, digests: [call.owner.digest] };
    if (state.ledger.shared.unshare(row.id, user, call.operation.id)?.last === true)
      state.ledger.shared.removed(row.id);
    if (isKernelError(error, "ENOENT")) throw new OperationFailure("unsupported", error.message);
    throw error;
  }
  if (outcome === "created") state.ledger.shared.ready(row.id);
}

function tagIn({ undo }: SharedRow): string {
  return typeof undo["tag"] === "string" ? undo["tag"] : "";
}
