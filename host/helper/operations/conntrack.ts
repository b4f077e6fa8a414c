/**
 * @module `conntrack`: flows to ports that the attachment has published are forgotten, so that a changed translation takes hold at once.
 */
import * as z from "zod";
import type { FlowFilter } from "../../kernel/conntrack.ts";
import { ipEquals } from "../../spec/ip.ts";
import { flowsTo } from "../port-flows.ts";
import { HOST_PORT, readPortRow, type PublishedPort } from "../published-ports.ts";
import { IP_ADDRESS } from "./arguments.ts";
import { OperationFailure, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

/** Most flows that one call may name. */
const FILTERS_MAX = 4096;

const FLOW = z.object({
  protocol: z.enum(["tcp", "udp", "sctp"]),
  destinationPort: z.int().min(0).max(0xffff),
  containerAddress: IP_ADDRESS,
});
type AskedFlows = z.output<typeof FLOW>;

export const CONNTRACK: OperationInterface = {
  name: "conntrack",
  errors: {},
  otherwise: "unsupported",
  operations: {
    forget: operation({
      effect: "change",
      maxCalls: 64,
      schema: z.tuple([z.array(FLOW).max(FILTERS_MAX)]),
      run: (context, [flows]) => forget(context, flows),
    }),
  },
};

/** Judges all of them first; then the kernel walks its table, several filters of one family and protocol at once. */
async function forget(context: OperationContext, flows: readonly AskedFlows[]): Promise<number> {
  const { node } = context.state;
  const ports = portsOf(context);
  const published = flows.map((flow) => portOf(ports, flow));
  const conntrack = node.conntrack();
  const counts = await Promise.all(
    published.map(({ from, containerAddress: { address } }) => {
      const filter = flowsTo(node, from);
      // Those that are redirected already, and those that are the node's still.
      const isMeant: FlowFilter["isMeant"] = (flow) => ipEquals(flow.answerer, address) || filter.isMeant(flow);
      return conntrack.forgetSoon({ ...filter, isMeant });
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Ports of the attachment, by whichever plugin of its chain they were published. */
function portsOf({ state, call }: OperationContext): readonly PublishedPort[] {
  const { key: attachment } = call.operation;
  return state.ledger.owned({ attachment, kind: HOST_PORT, nodeNetnsCookie: state.node.cookie }).map(readPortRow);
}

function portOf(
  ports: readonly PublishedPort[],
  { protocol, destinationPort, containerAddress }: AskedFlows,
): PublishedPort {
  const found = ports.find(
    ({ from, containerAddress: { address } }) =>
      from.protocol === protocol && from.port === destinationPort && ipEquals(address, containerAddress),
  );
  if (found !== undefined) return found;
  throw new OperationFailure(
    "not-permitted",
    `${protocol} port ${destinationPort} is not one that this attachment has published`,
  );
}
