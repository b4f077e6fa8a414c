/**
 * @module What publishing ports has in common, whichever packet filter does it.
 */
import { formatIpPrefix, type IpPrefix } from "../../spec/ip.ts";
import type { OwnedRow } from "../ledger/records.ts";
import { flowsTo, forgetFlowsSoon } from "../port-flows.ts";
import { PORT_KINDS, type PublishedPort } from "../published-ports.ts";
import { rowsOfPlugin } from "./filter-rows.ts";
import type { OperationContext } from "./operation.ts";

/** What this plugin has for the attachment, in the order in which it is to be undone from the end. */
export function rowsOfPorts(context: OperationContext): OwnedRow[] {
  return PORT_KINDS.flatMap((kind) => rowsOfPlugin(context, kind));
}

/** Gives the containers' addresses of ports, each once. */
export function addressesOf(ports: readonly PublishedPort[]): IpPrefix[] {
  return [
    ...new Map(
      ports.map(({ containerAddress }) => [formatIpPrefix(containerAddress), containerAddress] as const),
    ).values(),
  ];
}

/** The WIT record `published-port`. */
export function recordOf({ from, containerAddress, containerPort }: PublishedPort): object {
  const { protocol, port: hostPort, address: hostAddress } = from;
  return { protocol, hostPort, hostAddress, containerAddress, containerPort };
}

/** Forgets the flows that went elsewhere before ports were published, while the operation goes on. */
export function forgetFlowsTo({ state, call }: OperationContext, ports: readonly PublishedPort[]): void {
  for (const { from } of ports) {
    const forgetting = forgetFlowsSoon(state.node, flowsTo(state.node, from));
    if (forgetting !== undefined) call.operation.forgettings.push(forgetting);
  }
}
