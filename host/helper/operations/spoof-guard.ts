/**
 * @module `spoof-guard`: which hardware address a port of the attachment lets in.
 */
import * as z from "zod";
import { isKernelError } from "../../kernel/error.ts";
import { guardPort, hasSpoofGuard, readGuard } from "../../kernel/spoof-guard.ts";
import { formatMac, type MacAddress } from "../../spec/mac.ts";
import { readGuardRow, SPOOF_GUARD } from "../kinds/spoof-guard.ts";
import { LINK_NAME, MAC } from "./arguments.ts";
import { findNamed } from "./attachment-link.ts";
import { removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { OperationFailure, operation } from "./operation.ts";
import type { OperationContext, OperationInterface } from "./operation.ts";

export const SPOOF_GUARD_OPERATIONS: OperationInterface = {
  name: "spoof-guard",
  errors: { ENODEV: "not-permitted" },
  otherwise: "unsupported",
  operations: {
    set: operation({
      effect: "change",
      maxCalls: 16,
      schema: z.tuple([LINK_NAME, MAC]),
      run: (context, [port, mac]) => set(context, port, mac),
    }),
    get: operation({
      effect: "read",
      schema: z.tuple([LINK_NAME]),
      run: (context, [port]) => get(context, port),
    }),
    remove: operation({
      effect: "change",
      schema: z.tuple([]),
      run: (context) => removeRows(context, rowsOfPlugin(context, SPOOF_GUARD).toReversed()),
    }),
  },
};

function set(context: OperationContext, port: string, mac: MacAddress): void {
  refuseForeign(context, port);
  refuseGuarded(context, port);
  const { state, call } = context;
  const before = rowsOfPlugin(context, SPOOF_GUARD).filter(({ key }) => key === port);
  const text = formatMac(mac);
  const row = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: SPOOF_GUARD,
    key: port,
    undo: { mac: text },
    description: `guard of port ${port}: ${text}`,
  });
  try {
    guardPort(state.node.nftables(), { port, mac, tag: call.tag }, before.map(readGuardRow));
  } catch (error) {
    state.ledger.forget(row);
    if (isKernelError(error, "ENOENT")) throw new OperationFailure("unsupported", error.message);
    throw error;
  }
  state.ledger.done(row);
  for (const { id } of before) state.ledger.forget(id);
}

/** By the packet filter's own word: what is on record and not there is not set. */
function get(context: OperationContext, port: string): MacAddress | undefined {
  refuseForeign(context, port);
  const nftables = context.state.node.nftables();
  const row = rowsOfPlugin(context, SPOOF_GUARD).findLast(({ key }) => key === port);
  if (row === undefined || !hasSpoofGuard(nftables)) return undefined;
  const guarded = readGuardRow(row);
  return readGuard(nftables, guarded)?.tag === row.tag ? guarded.mac : undefined;
}

/** One plugin's guard is not another one's to replace, on the same attachment either. */
function refuseGuarded({ state, call }: OperationContext, port: string): void {
  const { key: attachment } = call.operation;
  const rows = state.ledger.owned({ attachment, kind: SPOOF_GUARD, key: port, nodeNetnsCookie: state.node.cookie });
  const other = rows.find(({ tag }) => tag !== call.tag);
  if (other === undefined) return;
  const why = `${JSON.stringify(port)} is guarded by another plugin of this attachment, which lets ${String(other.undo["mac"])} in`;
  throw new OperationFailure("not-permitted", `${why}; ask for it in one plugin alone`);
}

/** The grant says the same of names; a name can have become another link's since. */
function refuseForeign(context: OperationContext, port: string): void {
  if (findNamed(context, port) !== undefined) return;
  throw new OperationFailure("not-permitted", `${JSON.stringify(port)} is not a link of this attachment`);
}
