/**
 * @module Forgetting the flows to a published port, at once or while the operation goes on.
 */
import type { FlowFilter } from "../kernel/conntrack.ts";
import { isKernelError } from "../kernel/error.ts";
import type { HostPort } from "../kernel/host-port-elements.ts";
import { readSysctl } from "../kernel/sysctl.ts";
import { formatIpAddress, ipEquals, type IpAddress } from "../spec/ip.ts";
import type { NodeSide } from "./state.ts";

/** What it needs of the node. */
type FlowNode = Pick<NodeSide, "conntrack" | "netns" | "rtnetlink">;

/**
 * Forgets the UDP flows to a port: what goes on would otherwise go where its first packet went. Flows to other machines that have the
 * same port are left alone. Never fails: what the kernel does not forget ends by itself.
 */
export function forgetFlows(node: FlowNode, port: HostPort): void {
  if (port.protocol !== "udp" || !hasFlows(node)) return;
  try {
    node.conntrack().forget(flowsTo(node, port));
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "KernelError") throw error;
  }
}

/** As {@link forgetFlows}, while others go on; `undefined`: there is nothing to wait for. */
export function forgetFlowsSoon(node: FlowNode, port: HostPort): Promise<void> | undefined {
  if (port.protocol !== "udp" || !hasFlows(node)) return undefined;
  try {
    return node.conntrack().forgetSoon(flowsTo(node, port)).then(ignore, ignore);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "KernelError") throw error;
    return undefined;
  }
}

function ignore(): void {}

/** Tells whether the node remembers any flow: to look for one in a table without any takes the kernel as long as in a full one. */
function hasFlows({ netns }: FlowNode): boolean {
  try {
    return readSysctl(netns, { name: "conntrack_count" }) > 0;
  } catch (error) {
    if (isKernelError(error)) return true;
    throw error;
  }
}

/** Makes the filter of the flows to a port of the node's own: those to other machines that have the same port only pass it. */
export function flowsTo(node: FlowNode, { family, protocol, port, address }: HostPort): FlowFilter {
  const known = new Map<string, boolean>();
  const isOfNode = (destination: IpAddress): boolean => {
    const text = formatIpAddress(destination);
    const isLocal = known.get(text) ?? node.rtnetlink.lookUpRoute(destination)?.local === true;
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
