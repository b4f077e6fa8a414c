/**
 * @module `node-routes`: routes to the attachment's addresses over the node's links that it made. They go with the link.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import type { Route } from "../../kernel/rtnetlink.ts";
import { addressBits, formatIpAddress, ipEquals } from "../../spec/ip.ts";
import type { IpAddress, IpPrefix } from "../../spec/ip.ts";
import { IP_ADDRESS, LINK_NAME } from "./arguments.ts";
import { findNamed } from "./attachment-link.ts";
import { OperationFailure, operation, refuseLeased } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Most routes of a family that are listed. */
const LIST_MAX = 1024;

export const NODE_ROUTES: OperationInterface = {
  name: "node-routes",
  errors: { EEXIST: "conflict", EOVERFLOW: "limit-reached", ENODEV: "not-permitted" },
  otherwise: "invalid-argument",
  operations: {
    ensure: operation({
      effect: "change",
      schema: z.tuple([LINK_NAME, z.array(IP_ADDRESS)]),
      run: (context, [link, addresses]) => ensureAll(context, indexOf(context, link), addresses),
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([LINK_NAME]),
      run: (context, [link]) => destinationsOver(context, indexOf(context, link)),
    }),
  },
};

/** Gives the index of a link that the attachment made. */
function indexOf(context: OperationContext, name: string): number {
  const link = findNamed(context, name);
  if (link === undefined) throw new OperationFailure("not-permitted", `there is no link ${JSON.stringify(name)}`);
  return link.index;
}

function destinationsOver({ state }: OperationContext, index: number): IpPrefix[] {
  const { rtnetlink } = state.node;
  return (["ipv4", "ipv6"] as const)
    .flatMap((family) => rtnetlink.listRoutes(index, family, { max: LIST_MAX }))
    .map(({ destination }) => destination);
}

/** Makes the routes that are not there, all or none. */
function ensureAll(context: OperationContext, index: number, addresses: readonly IpAddress[]): void {
  const { rtnetlink } = context.state.node;
  for (const address of addresses) refuseLeased(context, address);
  const made: Route[] = [];
  try {
    for (const address of addresses) if (ensure(context, index, address)) made.push(hostRoute(address));
  } catch (error) {
    for (const route of made) rtnetlink.deleteRoute(index, route);
    throw error;
  }
}

/** Makes one route; gives whether it was missing. */
function ensure(context: OperationContext, index: number, address: IpAddress): boolean {
  try {
    context.state.node.rtnetlink.addRoute(index, hostRoute(address), "exclusive");
    return true;
  } catch (error) {
    if (!isKernelError(error, "EEXIST")) throw error;
    const isThere = destinationsOver(context, index).some((each) => isTo(each, address));
    if (isThere) return false;
    throw new OperationFailure("conflict", `${formatIpAddress(address)} is routed over another link`, true);
  }
}

function hostRoute(address: IpAddress): Route {
  return { destination: { address, prefixLength: addressBits(address.tag) }, scope: "host" };
}

function isTo({ address, prefixLength }: IpPrefix, wanted: IpAddress): boolean {
  return ipEquals(address, wanted) && prefixLength === addressBits(wanted.tag);
}
