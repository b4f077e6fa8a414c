/**
 * @module Isolation of the bridge that an attachment is on. Attachments share it: it goes with the last one that asked for it.
 */
import type { Backend } from "../../grants/backends.ts";
import { isKernelError } from "../../kernel/error.ts";
import { isInDoubt } from "../../kernel/iptables/iptables.ts";
import { addIsolation, hasIsolationChain, readIsolation, removeIsolation } from "../../kernel/isolation.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { frameRules, isolationThing, type IptablesThing } from "../iptables-things.ts";
import { tagIn } from "../kinds/kind.ts";
import type { ShareOutcome, SharedRow, SharedThing } from "../ledger/records.ts";
import { tagOf } from "../ledger/tag.ts";
import { chooseFilter, type ChosenFilter, type PacketFilter } from "../packet-filter.ts";
import { isTagged } from "../undo/alias.ts";
import { joinFrames, makeThings } from "./iptables-rows.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";
import { giveBack, isOurs, shareLater } from "./shared-things.ts";

/** Kind of the ledger's rows. */
const KIND = "isolation";

/** The WIT enum `isolation`. */
export type Isolation = "open" | "same-bridge" | "isolated";

/** What is asked for. */
interface IsolationWish {
  readonly bridge: string;
  readonly isolation: Isolation;
  /** `undefined`: the guest leaves it to the helper. */
  readonly asked: PacketFilter | undefined;
}

/** Isolates a bridge, and the attachment's port of it where its containers are to be kept from each other. */
export function isolate(context: OperationContext, wish: IsolationWish): void | Promise<void> {
  const port = portOf(context, wish.bridge);
  if (wish.isolation === "open") return;
  // What the bridge switches itself is kept apart by the bridge. It goes with the port.
  if (wish.isolation === "isolated") context.state.node.rtnetlink.setBridgePort(port.index, { isolated: true });
  const granted = context.call.grant.capabilities["forward-rules"]?.backends ?? [];
  const chosen = chooseFilter(context.state, { asked: wish.asked, granted });
  return chosen instanceof Promise
    ? chosen.then((later) => isolateBy(context, wish, later))
    : isolateBy(context, wish, chosen);
}

/** A bridge that is isolated already stays so by the packet filter that it was isolated with. */
function isolateBy(
  context: OperationContext,
  { bridge, isolation }: IsolationWish,
  chosen: ChosenFilter,
): void | Promise<void> {
  const { state, call } = context;
  const byIptables = chosen === "nftables" ? {} : { variant: chosen, families: ["ipv4", "ipv6"] };
  const thing: SharedThing = {
    operationId: call.operation.id,
    kind: KIND,
    key: bridge,
    undo: { tag: tagOf(call.owner), isolation, ...byIptables },
    description: `isolation of bridge ${bridge}`,
  };
  const judge = (): void => refuseOther(context, bridge, isolation);
  judge();
  const outcome = state.ledger.shared.share(call.owner, thing);
  if (isOurs(outcome)) return make(context, outcome);
  return shareLater(context, thing, { judge, busy: "conflict" }).then((later) => make(context, later));
}

/** Tells how the packet filter isolates a bridge that the attachment is on. */
export function isolationOf(context: OperationContext, bridge: string): Isolation | Promise<Isolation> {
  portOf(context, bridge);
  const { node, ledger } = context.state;
  const row = ledger.shared.find(node.cookie, KIND, bridge);
  const thing = row === undefined ? undefined : isolationThing(row);
  if (row !== undefined && thing !== undefined) return isolationInIptables(context, row, thing);
  const nftables = node.nftables();
  const found = hasIsolationChain(nftables) ? readIsolation(nftables, bridge) : undefined;
  if (found?.tag === undefined) return "open";
  return found.isClosed ? "isolated" : "same-bridge";
}

async function isolationInIptables(
  { state }: OperationContext,
  { undo }: SharedRow,
  { targets, frame, rules }: IptablesThing,
): Promise<Isolation> {
  const { table, rules: own } = rules();
  for (const target of targets) {
    const shared = frameRules({ name: frame, family: target.family }).flatMap((each) => each.rules);
    const missing = await state.node.iptables().firstMissing(target, [{ table, rules: [...shared, ...own] }]);
    if (missing !== undefined) return "open";
  }
  return undo["isolation"] === "isolated" ? "isolated" : "same-bridge";
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
function make(context: OperationContext, outcome: ShareOutcome): void | Promise<void> {
  const { state, row } = outcome;
  const thing = isolationThing(row);
  const ready = (): void => {
    if (state === "created") context.state.ledger.shared.ready(row.id);
  };
  // Who joins may not be granted what the first one was: then nothing is made.
  const { backends = [] } = context.call.grant.capabilities["forward-rules"] ?? {};
  const needed = thing === undefined ? "nftables" : "iptables";
  if (!backends.includes(needed)) return requireMade(context, row, needed);
  if (thing !== undefined) return makeByIptables(context, outcome, thing).then(ready);
  try {
    makeByNftables(context, outcome);
  } catch (error) {
    giveBack(context, row);
    if (isKernelError(error, "ENOENT")) throw new OperationFailure("unsupported", error.message);
    throw error;
  }
  ready();
}

/** A bridge that others isolated stays so, and the attachment counts as one of them; where their rules are gone it is refused. */
async function requireMade(context: OperationContext, row: SharedRow, needed: Backend): Promise<void> {
  try {
    const found = await isolationOf(context, row.key);
    const thing = isolationThing(row);
    if (found === row.undo["isolation"]) return thing === undefined ? undefined : await joinFrames(context, thing);
    throw new OperationFailure(
      "not-permitted",
      `bridge ${JSON.stringify(row.key)} was isolated by ${needed} for other attachments and its rules are gone; "forward-rules" with ${JSON.stringify(needed)} in "backends" would allow making them again`,
    );
  } catch (error) {
    giveBack(context, row);
    throw error;
  }
}

function makeByNftables({ state }: OperationContext, { state: outcome, row }: ShareOutcome): void {
  const nftables = state.node.nftables();
  // What a removal left that failed half-way is nobody's any more.
  const left = outcome === "created" ? readIsolation(nftables, row.key)?.tag : undefined;
  if (left !== undefined) removeIsolation(nftables, { bridge: row.key, tag: left });
  addIsolation(nftables, { bridge: row.key, isClosed: row.undo["isolation"] === "isolated", tag: tagIn(row) });
}

async function makeByIptables(context: OperationContext, { row }: ShareOutcome, thing: IptablesThing): Promise<void> {
  try {
    for (const target of thing.targets) await makeThings(context, target, [{ thing, again: true }]);
  } catch (error) {
    if (!isInDoubt(error)) giveBack(context, row);
    throw error;
  }
}
