/**
 * @module Forgetting the flows to a published port, at once or while the operation goes on.
 */
import type { FlowFilter } from "../kernel/conntrack.ts";
import { isKernelError } from "../kernel/error.ts";
import type { HostPort } from "../kernel/host-port-elements.ts";
import { readSysctl } from "../kernel/sysctl.ts";
import { formatIpAddress, ipEquals, type IpAddress } from "../spec/ip.ts";
import type { PublishedPort } from "./published-ports.ts";
import type { NodeSide } from "./state.ts";

/** What it needs of the node. */
type FlowNode = Pick<NodeSide, "conntrack" | "netns" | "rtnetlink">;

/** Most destinations that the kernel is asked about for one port: whoever sends decides how many there are. */
const DESTINATIONS_MAX = 4096;

/**
 * Forgets the UDP flows that a port which is withdrawn led to the container: what goes on would otherwise go there still. Never fails: what the
 * kernel does not forget ends by itself.
 */
export function forgetFlows(node: Pick<FlowNode, "conntrack" | "netns">, port: PublishedPort): void {
  if (port.from.protocol !== "udp" || !hasFlows(node)) return;
  try {
    node.conntrack().forget(flowsThrough(port));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "KernelError") throw error;
  }
}

/** Forgets UDP flows while others go on, and never fails; `undefined`: there is nothing to wait for. */
export function forgetFlowsSoon(
  node: Pick<FlowNode, "conntrack" | "netns">,
  filter: FlowFilter,
): Promise<void> | undefined {
  if (filter.protocol !== "udp" || !hasFlows(node)) return undefined;
  try {
    return node.conntrack().forgetSoon(filter).then(ignore, ignore);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "KernelError") throw error;
    return undefined;
  }
}

function ignore(): void {}

/** Tells whether the node remembers any flow: to look for one in a table without any takes the kernel as long as in a full one. */
function hasFlows({ netns }: Pick<FlowNode, "netns">): boolean {
  try {
    return readSysctl(netns, { name: "conntrack_count" }) > 0;
  } catch (error) {
    if (isKernelError(error)) return true;
    throw error;
  }
}

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
