/**
 * @module What the ledger says of rates: one row stands for everything that shapes a link. Making it, reading it from the kernel and taking it
 * back; each part carries the owner's tag, as far as the kernel has room for it.
 */
import type { Link } from "../kernel/rtnetlink.ts";
import type { Bucket, HeldBucket } from "../kernel/shaping.ts";
import { bucketOf, isSame, rateOf } from "../kernel/token-bucket.ts";
import type { Rate } from "../kernel/token-bucket.ts";
import type { Intent, JsonObject, JsonValue, OwnedRow } from "./ledger/records.ts";
import type { HelperState } from "./state.ts";
import { aliasOf, groupOf, isTagged } from "./undo/alias.ts";

/** Kind of its rows. */
export const KIND_OF_RATES = "shaping";

/** Handles are given by the kernel from 0x8000 on. Source: qdisc_alloc_handle, net/sched/sch_api.c, Linux 6.12. */
const HANDLE_MAX = 0x7fff;
const HANDLE_DIGITS = 4;
const MAJOR_SHIFT = 16;
const DECIMAL = /^\d+$/u;

/** The WIT record `rate`: decimal text. */
export interface RateText {
  readonly bitsPerSecond: string;
  readonly burstBits: string;
}

/** What a row says. */
export interface ShapedRates {
  /** Index of the node's end of the attachment's link. */
  readonly index: number;
  /** What that end sends. */
  readonly ingress: RateText | undefined;
  /** What comes in by it, through the `ifb` link of that name. */
  readonly egress: (RateText & { readonly ifb: string }) | undefined;
}

/** The node's things. */
type Node = HelperState["node"];

/** Makes the row of rates. */
export function ratesRow(
  link: Pick<Link, "name" | "index">,
  { ingress, egress }: Pick<ShapedRates, "ingress" | "egress">,
): Pick<Intent, "kind" | "key" | "undo" | "description"> {
  const parts = [
    ...(ingress === undefined ? [] : [`${ingress.bitsPerSecond} bit/s to the container`]),
    ...(egress === undefined ? [] : [`${egress.bitsPerSecond} bit/s from it by ${egress.ifb}`]),
  ];
  return {
    kind: KIND_OF_RATES,
    key: link.name,
    undo: {
      index: link.index,
      ...(ingress === undefined ? {} : { ingress: { ...ingress } }),
      ...(egress === undefined ? {} : { egress: { ...egress } }),
    },
    description: `rates of ${link.name}: ${parts.join(", ")}`,
  };
}

/** Reads the row of rates. */
export function readRatesRow({ undo }: Pick<OwnedRow, "undo">): ShapedRates {
  const ingress = readText(undo["ingress"]);
  const egress = readText(undo["egress"]);
  const { ifb } = (undo["egress"] ?? {}) as JsonObject;
  return {
    index: Number(undo["index"]),
    ingress,
    egress: egress === undefined || typeof ifb !== "string" ? undefined : { ...egress, ifb },
  };
}

function readText(value: JsonValue | undefined): RateText | undefined {
  if (value === undefined || value === null) return undefined;
  const { bitsPerSecond, burstBits } = value as JsonObject;
  return { bitsPerSecond: String(bitsPerSecond), burstBits: String(burstBits) };
}

/** Gives the token bucket of a rate; `undefined`: the texts are no numbers, or the kernel cannot count them. */
export function bucketOfText({ bitsPerSecond, burstBits }: RateText): Bucket | undefined {
  if (!DECIMAL.test(bitsPerSecond) || !DECIMAL.test(burstBits)) return undefined;
  return bucketOf({ bitsPerSecond: BigInt(bitsPerSecond), burstBits: BigInt(burstBits) });
}

/** Names the token bucket of a link, as rows and `truth` do. */
export function bucketObject(index: number, handle: number): string {
  return `bucket ${index} ${handle}`;
}

/** Names the redirection of what a link receives. */
export function redirectionObject(index: number): string {
  return `redirection ${index}`;
}

/** Gives the handle that an owner's token buckets have: what of its tag fits. */
export function handleOf(tag: string): number {
  return ((Number.parseInt(tag.slice(0, HANDLE_DIGITS), 16) % HANDLE_MAX) + 1) << MAJOR_SHIFT;
}

/**
 * Makes everything; gives the `ifb` link. The redirection comes last: until then the container's packets go their way.
 * @throws {KernelError} when the kernel refuses: some of it may be made.
 */
export function makeRates(node: Node, { mtu }: Pick<Link, "mtu">, tag: string, rates: ShapedRates): Link | undefined {
  const { index, ingress, egress } = rates;
  const shaper = node.shaper();
  const handle = handleOf(tag);
  const [toContainer, fromContainer] = [ingress, egress].map((rate) => (rate ? bucketOfText(rate) : undefined));
  if (toContainer !== undefined) shaper.addBucket(index, handle, toContainer);
  if (egress === undefined || fromContainer === undefined) return undefined;
  if (ownIfb(node, tag, egress.ifb) === undefined) shaper.createIfb({ name: egress.ifb, mtu, group: groupOf(tag) });
  const ifb = node.rtnetlink.setAndGetLink(egress.ifb, { alias: aliasOf(tag), group: 0, up: true });
  shaper.addBucket(ifb.index, handle, fromContainer);
  shaper.redirect(index, ifb.index);
  return ifb;
}

/**
 * Takes rates back, whatever of them was made, and gives the index of the `ifb` link that is to be deleted. The redirection goes first: without its
 * target the container's packets would be lost.
 */
export function undoRates({ node }: HelperState, row: OwnedRow): number | undefined {
  const { index, egress } = readRatesRow(row);
  const ifb = egress === undefined ? undefined : ownIfb(node, row.tag, egress.ifb)?.index;
  // The kernel does not give an index again before the next boot.
  if (node.rtnetlink.getLink({ index }) !== undefined) {
    const shaper = node.shaper();
    if (egress !== undefined) shaper.removeRedirect(index, ifb);
    shaper.removeBucket(index, handleOf(row.tag));
  }
  return ifb;
}

/** Finds the `ifb` link of an owner; `undefined`: there is none. */
export function ownIfb({ rtnetlink }: Node, tag: string, name: string): Link | undefined {
  const found = rtnetlink.getLink({ name });
  return found?.kind === "ifb" && isTagged(found, tag) ? found : undefined;
}

/** Gives the rate towards the container that the kernel has; `undefined`: none of this owner's. */
export function heldIngress(node: Node, row: OwnedRow): RateText | undefined {
  const { index, ingress } = readRatesRow(row);
  return heldRate(heldBucket(node, index, row.tag), ingress);
}

/** Gives the rate from the container that the kernel has; `undefined`: none of this owner's, or packets go another way. */
export function heldEgress(node: Node, row: OwnedRow): RateText | undefined {
  const { index, egress } = readRatesRow(row);
  const ifb = egress === undefined ? undefined : ownIfb(node, row.tag, egress.ifb);
  if (ifb === undefined || !ifb.up || !node.shaper().redirectsTo(index, ifb.index)) return undefined;
  return heldRate(heldBucket(node, ifb.index, row.tag), egress);
}

/** Gives the rates that the kernel has for an owner, of a link. */
export function ratesOnLinks(node: Node, index: number, tag: string): Pick<ShapedRates, "ingress" | "egress"> {
  const target = node.shaper().redirectionOf(index);
  const ifb = target === undefined || target === 0 ? undefined : node.rtnetlink.getLink({ index: target });
  const ingress = heldRate(heldBucket(node, index, tag), undefined);
  const egress = ifb === undefined ? undefined : heldRate(heldBucket(node, ifb.index, tag), undefined);
  return {
    ingress,
    egress: ifb === undefined || egress === undefined ? undefined : { ...egress, ifb: ifb.name },
  };
}

function heldBucket(node: Node, index: number, tag: string): HeldBucket | undefined {
  const root = node.shaper().getRoot(index);
  return root?.handle === handleOf(tag) ? root.bucket : undefined;
}

/** Gives the numbers as they were set where the kernel has those, otherwise what it has. */
function heldRate(held: HeldBucket | undefined, set: RateText | undefined): RateText | undefined {
  if (held === undefined) return undefined;
  const bucket = set === undefined ? undefined : bucketOfText(set);
  if (set !== undefined && bucket !== undefined && isSame(held, bucket))
    return { bitsPerSecond: set.bitsPerSecond, burstBits: set.burstBits };
  return textOf(rateOf(held));
}

function textOf({ bitsPerSecond, burstBits }: Rate): RateText {
  return { bitsPerSecond: String(bitsPerSecond), burstBits: String(burstBits) };
}
