/**
 * @module The links that lead to containers with published ports: what comes in over one and leaves by it again gets the node's address.
 */
import { addPortLink } from "../../kernel/host-ports.ts";
import { readSysctl, writeSysctl } from "../../kernel/sysctl.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import { PORT_LINK } from "../published-ports.ts";
import type { OperationContext } from "./operation.ts";

/** Kinds of links that lead to containers alone: only there does 127.0.0.1 leave the node. */
const CONTAINER_LINK_KINDS: readonly string[] = ["bridge", "veth"];

/** A link that leads to the container. */
export interface PortLink {
  readonly index: number;
  /** Whether packets from 127.0.0.1 are to leave by it. */
  readonly routesLocalnet: boolean;
}

/** Finds the links that lead to addresses, by name. One that leads to others as well, such as an uplink, gets nothing from 127.0.0.1. */
export function linksTo({ state }: OperationContext, addresses: readonly IpPrefix[]): ReadonlyMap<string, PortLink> {
  const { rtnetlink } = state.node;
  const links = new Map<string, PortLink>();
  for (const { address } of addresses) {
    const route = rtnetlink.lookUpRoute(address);
    const link = route === undefined || route.local ? undefined : rtnetlink.getLink({ index: route.linkIndex });
    if (link === undefined) continue;
    const isWanted = address.tag === "ipv4" && CONTAINER_LINK_KINDS.includes(link.kind);
    const routesLocalnet = isWanted || links.get(link.name)?.routesLocalnet === true;
    links.set(link.name, { index: link.index, routesLocalnet });
  }
  return links;
}

/** Lets packets that came in over the container's link leave by it again with the node's address, and those from 127.0.0.1 leave by it at all. */
export function translateOnLink(
  { state, call }: OperationContext,
  name: string,
  { index, routesLocalnet, variant }: PortLink & { readonly variant?: string | undefined },
): void {
  const { ledger, node } = state;
  const switchKey = { name: "route_localnet", link: name } as const;
  const isMissing = ledger.transaction(() => {
    const other = ledger.findOwned({ kind: PORT_LINK, key: name, nodeNetnsCookie: node.cookie }, 0);
    const isOff = routesLocalnet && readSysctl(node.netns, switchKey) === 0;
    const isOurs = isOff || (other?.undo["index"] === index && other.undo["routesLocalnet"] === true);
    ledger.intent(call.owner, {
      operationId: call.operation.id,
      callId: call.id,
      kind: PORT_LINK,
      key: name,
      undo: { index, routesLocalnet: isOurs, ...(variant === undefined ? {} : { variant }) },
      description: `published ports over ${name}`,
      isDone: true,
    });
    return isOff;
  });
  // On record before it is done; nobody takes it away meanwhile, for that is in a transaction, too.
  ledger.transaction(() => {
    // By iptables, packets are known by their subnet.
    if (variant === undefined) addPortLink(node.nftables(), name);
    if (isMissing) writeSysctl(node.netns, switchKey, 1);
  });
}
