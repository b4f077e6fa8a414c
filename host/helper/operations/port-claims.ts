/**
 * @module Reserving ports in the ledger, before the packet filter hears of them: each is one attachment's, whatever its conditions.
 */
import { describeHostPort } from "../../kernel/host-port-elements.ts";
import type { SourceTranslation } from "../../kernel/host-ports.ts";
import type { IptablesVariant } from "../../kernel/iptables/programs.ts";
import type { ConditionChain, PortConditions } from "../../kernel/port-conditions.ts";
import type { IpFamily, IpPrefix } from "../../spec/ip.ts";
import { recover } from "../ledger/recovery.ts";
import type { OwnedRow } from "../ledger/records.ts";
import {
  addressRow,
  byIptables,
  conditionsRow,
  excludeEachOther,
  HOST_PORT,
  keyOfPort,
  portRow,
  readPortRow,
  type PublishedPort,
} from "../published-ports.ts";
import { undoRemains } from "../undo/remains.ts";
import { OperationFailure } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/** What is written down together. */
export interface PortClaim {
  readonly addresses: readonly IpPrefix[];
  readonly sourceTranslation: SourceTranslation;
  readonly chains: readonly ConditionChain[];
  readonly ports: readonly PublishedPort[];
  /** Made by iptables, with the conditions of each family; `undefined`: by nftables. */
  readonly byIptables?: IptablesClaim | undefined;
}

interface IptablesClaim {
  readonly variant: IptablesVariant;
  readonly conditions: (family: IpFamily) => PortConditions | undefined;
}

/** Rows that were written, or a port that somebody holds. */
type Outcome = { readonly made: readonly OwnedRow[] } | { readonly holder: OwnedRow; readonly port: PublishedPort };

/**
 * Reserves all ports or none. Recovers an operation whose helper died, if it holds one.
 * @throws {OperationFailure} conflict when somebody else has a port; it says who.
 */
export async function claim(context: OperationContext, wanted: PortClaim): Promise<readonly OwnedRow[]> {
  let outcome = attempt(context, wanted);
  if ("holder" in outcome && (await isRecovered(context, outcome.holder))) outcome = attempt(context, wanted);
  if ("holder" in outcome) throw takenBy(outcome);
  return outcome.made;
}

/** Reserves, in one transaction that no other helper writes into. */
function attempt(
  { state, call }: OperationContext,
  { addresses, sourceTranslation, chains, ports, byIptables: other }: PortClaim,
): Outcome {
  const { ledger, node } = state;
  const ids = { operationId: call.operation.id, callId: call.id };
  return ledger.transaction((): Outcome => {
    for (const port of ports) {
      const claims = ledger.owned({ kind: HOST_PORT, key: keyOfPort(port.from), nodeNetnsCookie: node.cookie });
      const holder = claims.find((row) => row.tag !== call.tag && excludeEachOther(readPortRow(row).from, port.from));
      if (holder !== undefined) return { holder, port };
    }
    const intents = [
      ...addresses.map((each) => {
        const row = addressRow(each, sourceTranslation);
        return other === undefined ? row : byIptables(row, other.variant);
      }),
      ...chains.map(conditionsRow),
      ...ports.map((each) => {
        const row = portRow(each);
        return other === undefined ? row : byIptables(row, other.variant, other.conditions(each.from.family));
      }),
    ];
    const made = intents.map((intent) => {
      const id = ledger.intent(call.owner, { ...ids, ...intent });
      return { ...call.owner, ...ids, ...intent, id, state: "intent", replaced: undefined, tag: call.tag } as const;
    });
    return { made };
  });
}

/** Undoes the operation that made a row, if its helper died. */
async function isRecovered({ state }: OperationContext, { operationId }: OwnedRow): Promise<boolean> {
  const { ledger, locks } = state;
  const recovered = await recover(ledger, locks, (remains) => undoRemains(state, remains), { operationId });
  return recovered.length > 0;
}

function takenBy({ holder, port }: Extract<Outcome, { holder: OwnedRow }>): OperationFailure {
  const { network, containerId, ifname } = holder;
  const asked = describeHostPort(port.from);
  const held = describeHostPort(readPortRow(holder).from);
  const why = `${asked} is taken: ${ifname} of container ${containerId} in network ${JSON.stringify(network)} has ${held}`;
  return new OperationFailure("conflict", why, true);
}
