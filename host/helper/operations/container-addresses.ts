/**
 * @module `container-addresses`: addresses of the container's links.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import type { Link, LinkAddress } from "../../kernel/rtnetlink.ts";
import { writeSysctl } from "../../kernel/sysctl.ts";
import { formatIpPrefix } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import type { ContainerSide } from "../state.ts";
import { HANDLE, IP_PREFIX, LINK_NAME, U32, WAIT_MAX_MS } from "./arguments.ts";
import { withoutIpv6 } from "./bridges.ts";
import { indexOf, linkOf } from "./container-links.ts";
import { noteAddresses } from "./noted-veth.ts";
import { OperationFailure, containerOf, operation, poll, refuseLeased } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Most addresses that are listed. */
const LIST_MAX = 256;

export const CONTAINER_ADDRESSES: OperationInterface = {
  name: "container-addresses",
  errors: { ENODEV: "not-found", EEXIST: "already-exists", EOVERFLOW: "limit-reached" },
  otherwise: "invalid-argument",
  operations: {
    add: operation({
      effect: "change",
      schema: z.tuple([HANDLE, LINK_NAME, z.array(IP_PREFIX)]),
      run: (context, [, link, addresses]) => add(context, link, addresses),
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([HANDLE, LINK_NAME]),
      run: (context, [, name]) => {
        const container = containerOf(context);
        const listed = container.rtnetlink.listAddresses(linkOf(container, name).index, { max: LIST_MAX });
        return listed.map(({ address, tentative, duplicate }) => ({ address, tentative, duplicate }));
      },
    }),
    settle: operation({
      effect: "read",
      schema: z.tuple([HANDLE, LINK_NAME, U32]),
      run: (context, [, link, timeoutMs]) => settle(context, link, timeoutMs),
    }),
  },
};

/** Adds addresses, all or none. Those on a link that the attachment made go with it; on another link they are written first. */
function add(context: OperationContext, name: string, addresses: readonly IpPrefix[]): void {
  const { state, call } = context;
  const container = containerOf(context);
  const link = { name, index: indexOf(context, name) };
  for (const { address } of addresses) refuseLeased(context, address);
  const row = call.ownedContainerLinks.has(name) ? undefined : writeIntent(context, container, { name, addresses });
  try {
    addAll(container, link, addresses);
  } catch (error) {
    if (row !== undefined) state.ledger.forget(row);
    throw error;
  }
  if (row === undefined) noteAddresses(context, name, addresses.map(formatIpPrefix));
  else state.ledger.done(row);
}

function writeIntent(
  { state, call }: OperationContext,
  container: ContainerSide,
  change: { name: string; addresses: readonly IpPrefix[] },
): number {
  const texts = change.addresses.map(formatIpPrefix);
  return state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: "container-address",
    key: change.name,
    undo: { path: container.path, cookie: container.netns.cookie.toString(), link: change.name, addresses: texts },
    description: `addresses ${texts.join(", ")} on ${change.name} of the container`,
  });
}

function addAll(
  { netns, rtnetlink }: ContainerSide,
  link: Pick<Link, "name" | "index">,
  addresses: readonly IpPrefix[],
): void {
  const added: IpPrefix[] = [];
  let isIpv6Ready = false;
  try {
    for (const address of addresses) {
      if (address.address.tag === "ipv6" && !isIpv6Ready) {
        withoutIpv6(() => writeSysctl(netns, { name: "disable_ipv6", link: link.name }, 0));
        withoutIpv6(() => writeSysctl(netns, { name: "keep_addr_on_down", link: link.name }, 1));
        isIpv6Ready = true;
      }
      rtnetlink.addAddress(link.index, address);
      added.push(address);
    }
  } catch (error) {
    for (const address of added) rtnetlink.deleteAddress(link.index, address);
    throw error;
  }
}

/** Waits for duplicate address detection. Source: the reference plugins' `SettleAddresses`. */
async function settle(context: OperationContext, name: string, timeoutMs: number): Promise<void> {
  const container = containerOf(context);
  const { index } = linkOf(container, name);
  const settled = await poll(context.call, Math.min(timeoutMs, WAIT_MAX_MS), () => {
    const addresses = ipv6Of(container, index);
    if (addresses.some(({ duplicate }) => duplicate)) throw new OperationFailure("duplicate");
    return addresses.some(({ tentative }) => tentative) ? undefined : true;
  });
  // A link that is down never settles.
  if (settled === undefined && container.rtnetlink.getLink({ index })?.operationalState === "up")
    throw new OperationFailure("timed-out");
}

function ipv6Of({ rtnetlink }: ContainerSide, index: number): LinkAddress[] {
  try {
    return rtnetlink.listAddresses(index, { max: LIST_MAX, family: "ipv6" });
  } catch (error) {
    if (isKernelError(error, "ENODEV")) throw new OperationFailure("not-found");
    throw error;
  }
}
