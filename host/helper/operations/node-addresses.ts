/**
 * @module `node-addresses`: gateways on the node's links.
 *
 * On a bridge of ours they go when it goes. On an adopted one they are counted like a bridge, and go with their last user.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import type { Link } from "../../kernel/rtnetlink.ts";
import { formatIpPrefix, ipEquals, prefixContains, prefixEquals } from "../../spec/ip.ts";
import type { IpFamily, IpPrefix } from "../../spec/ip.ts";
import { textsOf } from "../kinds/kind.ts";
import { IP_PREFIX, LINK_NAME } from "./arguments.ts";
import { findNamed } from "./attachment-link.ts";
import { requireBridge } from "./bridges.ts";
import { OperationFailure, operation, refuseLeased } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Most addresses that are listed. */
const LIST_MAX = 1024;

export const NODE_ADDRESSES: OperationInterface = {
  name: "node-addresses",
  errors: { EOVERFLOW: "limit-reached", ENODEV: "not-permitted" },
  otherwise: "invalid-argument",
  operations: {
    ensure: operation({
      effect: "change",
      schema: z.tuple([LINK_NAME, z.array(IP_PREFIX), z.boolean()]),
      run: (context, [link, addresses, replace]) => ensure(context, addressable(context, link), { addresses, replace }),
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([LINK_NAME]),
      run: (context, [name]) => addressesOf(context, linkOf(context, name)),
    }),
  },
};

/** A link that addresses may be put on. `isOurs`: they go with it. */
interface Addressable {
  readonly link: Link;
  readonly isOurs: boolean;
}

interface Wanted {
  readonly addresses: readonly IpPrefix[];
  readonly replace: boolean;
}

function linkOf({ state }: OperationContext, name: string): Link {
  const link = state.node.rtnetlink.getLink({ name });
  if (link === undefined) throw new OperationFailure("not-permitted", `there is no link ${JSON.stringify(name)}`);
  return link;
}

/** A link of the attachment's own, or a bridge that it may use. */
function addressable(context: OperationContext, name: string): Addressable {
  const own = context.call.ownedNodeLinks.has(name) ? findNamed(context, name) : undefined;
  if (own !== undefined) return { link: own, isOurs: true };
  return requireBridge(context, name, "not-permitted");
}

function addressesOf({ state }: OperationContext, link: Link, family?: IpFamily): IpPrefix[] {
  return state.node.rtnetlink.listAddresses(link.index, { max: LIST_MAX, family }).map(({ address }) => address);
}

function familiesOf(addresses: readonly IpPrefix[]): readonly IpFamily[] {
  return [...new Set(addresses.map(({ address }) => address.tag))];
}

function ensure(context: OperationContext, where: Addressable, wanted: Wanted): void {
  const { rtnetlink } = context.state.node;
  const { link } = where;
  // A link of the attachment's own leads to its container alone: what is another's would never come there.
  if (where.isOurs) for (const { address } of wanted.addresses) refuseLeased(context, address);
  const present = familiesOf(wanted.addresses).flatMap((family) => addressesOf(context, link, family));
  const missing = wanted.addresses.filter((address) => !present.some((each) => prefixEquals(each, address)));
  const inTheWay = present.filter((each) => missing.some((address) => isInTheWay(each, address, wanted.addresses)));
  if (inTheWay.length > 0 && !wanted.replace)
    throw new OperationFailure("conflict", `${formatIpPrefix(inTheWay[0] as IpPrefix)} is there`);
  // Without this an adopted bridge takes the lowest hardware address of its ports, and changes it when they come and go.
  if (missing.length > 0 && !where.isOurs && link.mac !== undefined) rtnetlink.setLink(link.index, { mac: link.mac });
  for (const address of inTheWay) rtnetlink.deleteAddress(link.index, address);
  if (where.isOurs) {
    addAll(context, link, missing);
    if (missing.length > 0) noteOnBridge(context, link, { added: missing, gone: inTheWay });
  } else for (const address of wanted.addresses) share(context, link, address, missing.includes(address));
}

/** Tells whether an address has to go before another is added. Source: the reference plugin's `ensureAddr`. */
function isInTheWay(present: IpPrefix, wanted: IpPrefix, all: readonly IpPrefix[]): boolean {
  if (present.address.tag !== wanted.address.tag || all.some((each) => prefixEquals(each, present))) return false;
  if (present.address.tag === "ipv4" || ipEquals(present.address, wanted.address)) return true;
  return prefixContains(present, wanted.address) || prefixContains(wanted, present.address);
}

/** Adds addresses, all or none; those that another helper added in between are left alone. */
function addAll({ state }: OperationContext, link: Link, addresses: readonly IpPrefix[]): void {
  const { rtnetlink } = state.node;
  const added: IpPrefix[] = [];
  try {
    for (const address of addresses) {
      addOnce(() => {
        rtnetlink.addAddress(link.index, address);
        added.push(address);
      });
    }
  } catch (error) {
    for (const address of added) rtnetlink.deleteAddress(link.index, address);
    throw error;
  }
}

/** Puts on record what a bridge of ours was given. Its addresses go with it: nothing is written to undo them, CHECK compares them. */
function noteOnBridge(
  { state }: OperationContext,
  { name }: Link,
  { added, gone }: { readonly added: readonly IpPrefix[]; readonly gone: readonly IpPrefix[] },
): void {
  const { ledger, node } = state;
  ledger.transaction(() => {
    const row = ledger.shared.find(node.cookie, "bridge", name);
    if (row?.state !== "ready") return;
    const texts = [...textsOf(row.undo["addresses"]), ...added.map(formatIpPrefix)];
    const addresses = [...new Set(texts)].filter((text) => !gone.some((each) => formatIpPrefix(each) === text));
    ledger.shared.ready(row.id, { ...row.undo, addresses });
  });
}

/** Counts the attachment as a user of an address on an adopted bridge; one that somebody else put there is not ours to remove. */
function share({ state, call }: OperationContext, link: Link, address: IpPrefix, isMissing: boolean): void {
  const { ledger, node } = state;
  const key = `${link.name} ${formatIpPrefix(address)}`;
  const isKnown = ledger.shared.list({ kind: "node-address", key, nodeNetnsCookie: node.cookie }).length > 0;
  if (!isMissing && !isKnown) return;
  const { state: outcome, row } = ledger.shared.share(call.owner, {
    operationId: call.operation.id,
    kind: "node-address",
    key,
    undo: { link: link.name, index: link.index, address: formatIpPrefix(address) },
    description: `address ${formatIpPrefix(address)} on ${link.name}`,
  });
  if (isMissing) addOnce(() => node.rtnetlink.addAddress(link.index, address));
  if (outcome === "created") ledger.shared.ready(row.id);
}

/** Another operation may have added it in between: then it is there, which was wanted. */
function addOnce(add: () => void): void {
  try {
    add();
  } catch (error) {
    if (!isKernelError(error, "EEXIST")) throw error;
  }
}
