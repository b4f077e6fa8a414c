/**
 * @module `leases`: addresses reserved for the attachment, in the call's own network.
 */
import * as z from "zod";
import { CniError } from "../../spec/error.ts";
import { compareIp } from "../../spec/ip.ts";
import type { LeaseRange } from "../ledger/lease-records.ts";
import { IP_ADDRESS, U32 } from "./arguments.ts";
import { OperationFailure, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

const RANGE = z.object({ first: IP_ADDRESS, last: IP_ADDRESS });

export const LEASES: OperationInterface = {
  name: "leases",
  errors: {},
  otherwise: "unavailable",
  operations: {
    "reserve-next": operation({
      effect: "change",
      schema: z.tuple([U32, z.array(RANGE), z.array(IP_ADDRESS)]),
      run: ({ state, call }, [setIndex, ranges, excluded]) => {
        checkRanges(ranges);
        const wanted = { operationId: call.operation.id, setIndex, ranges, excluded };
        const outcome = store(() => state.ledger.leases.reserveNext(call.owner, wanted));
        if ("failed" in outcome) throw new OperationFailure(outcome.failed);
        return outcome.reserved;
      },
    }),
    reserve: operation({
      effect: "change",
      schema: z.tuple([U32, IP_ADDRESS]),
      run: ({ state, call }, [setIndex, address]) => {
        const wanted = { operationId: call.operation.id, setIndex, address };
        if (store(() => state.ledger.leases.reserve(call.owner, wanted)) === "taken")
          throw new OperationFailure("taken");
      },
    }),
    list: operation({
      effect: "read",
      schema: z.tuple([]),
      run: (context) =>
        store(() => context.state.ledger.leases.list(ownFilter(context))).map(({ address, setIndex }) => ({
          address,
          setIndex,
        })),
    }),
    release: operation({
      effect: "change",
      schema: z.tuple([]),
      run: (context) => void store(() => context.state.ledger.leases.release(ownFilter(context))),
    }),
    "count-free": operation({
      effect: "read",
      schema: z.tuple([z.array(RANGE), z.array(IP_ADDRESS)]),
      run: ({ state, call }, [ranges, excluded]) => {
        checkRanges(ranges);
        return String(store(() => state.ledger.leases.countFree(call.owner.network, ranges, excluded)));
      },
    }),
  },
};

/** The attachment's own leases, and no others. */
function ownFilter({ call }: OperationContext): { network: string; containerId: string; ifname: string } {
  const { network, containerId, ifname } = call.operation.key;
  return { network, containerId, ifname };
}

function checkRanges(ranges: readonly LeaseRange[]): void {
  const isWhole =
    ranges.length > 0 && ranges.every(({ first, last }) => first.tag === last.tag && compareIp(first, last) <= 0);
  if (!isWhole) throw new OperationFailure("invalid-argument");
}

/** Asks the store; that it cannot answer now is the guest's to know. */
function store<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof CniError) throw new OperationFailure("unavailable", error.message);
    throw error;
  }
}
