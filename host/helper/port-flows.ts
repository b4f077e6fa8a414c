/**
 * @module Forgetting the flows to a published port, at once or while the operation goes on.
 */
import type { FlowFilter } from "../kernel/conntrack.ts";
import type { HostPort } from "../kernel/host-port-elements.ts";
import { formatIpAddress, ipEquals, type IpAddress } from "../spec/ip.ts";
import type { PublishedPort } from "./published-ports.ts";
import type { NodeSide } from "./state.ts";

/** What it needs of the node. */
type FlowNode = Pick<NodeSide, "conntrack" | "rtnetlink">;

/** Most destinations that the kernel is asked about for one port: whoever sends decides how many there are. */
const DESTINATIONS_MAX = 4096;

/**
 * Forgets the UDP flows that a port which is withdrawn led to the container: what goes on would otherwise go there still. Never fails: what the
 * kernel does not forget ends by itself.
 */
export function forgetFlows(node: Pick<FlowNode, "conntrack">, port: PublishedPort): void {
  if (port.from.protocol !== "udp") return;
  try {
    node.conntrack().forget(flowsThrough(port));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "KernelError") throw error;
  }
}

/** Forgets UDP flows while others go on, and never fails; `undefined`: there is nothing to wait for. */
export function forgetFlowsSoon(node: Pick<FlowNode, "conntrack">, filter: FlowFilter): Promise<void> | undefined {
  if (filter.protocol !== "udp") return undefined;
  try {
    return node.conntrack().forgetSoon(filter).then(ignore, ignore);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "KernelError") throw error;
    return undefined;
  }
}

function ignore(): void {}

/** Makes the filter of the flows that a port leads to the container: those that the container answers. */
export function flowsThrough({ from, containerAddress: { address } }: PublishedPort): FlowFilter {
  const { family, protocol, port } = from;
  return { family, protocol, port, isMeant: ({ answerer }) => ipEquals(answerer, address) };
}

/** Makes the filter of the flows to a port of the node's own: those to other machines that have the same port only pass it. */
export function flowsTo(node: Pick<FlowNode, "rtnetlink">, { family, protocol, port, address }: HostPort): FlowFilter {
  const known = new Map<string, boolean>();
  const isOfNode = (destination: IpAddress): boolean => {
    const text = formatIpAddress(destination);
    const isKnown = known.get(text);
    if (isKnown !== undefined) return isKnown;
    if (known.size === DESTINATIONS_MAX) return false;
    const isLocal = node.rtnetlink.lookUpRoute(destination)?.local === true;
    known.set(text, isLocal);
    return isLocal;
  };
  return {
    family,
    protocol,
    port,
    isMeant: ({ destination }) => (address === undefined ? isOfNode(destination) : ipEquals(address, destination)),
  };
}
