/**
 * @module Forwarding by firewalld: addresses of the attachment are made sources of a zone of its.
 */
import { isKernelError } from "../../kernel/error.ts";
import { Firewalld } from "../../kernel/firewalld.ts";
import type { ZoneSource } from "../../kernel/firewalld.ts";
import { addressBits, formatIpAddress, parseIpPrefix } from "../../spec/ip.ts";
import type { IpAddress } from "../../spec/ip.ts";
import { FIREWALLD_SOURCE, isSource } from "../kinds/firewalld-source.ts";
import { removeRows, rowsOfPlugin } from "./filter-rows.ts";
import { OperationFailure, refuseLeased } from "./operation.ts";
import type { OperationContext } from "./operation.ts";

/** Errors after which firewalld may have done it all the same: the row stays, and is undone with the operation. */
const IN_DOUBT = ["ETIMEDOUT", "EPIPE", "ECONNRESET", "EPROTO"];

/** What is asked for. */
interface ZoneWish {
  readonly zone: string;
  /** Whether firewalld has to run. */
  readonly isDemanded: boolean;
}

/**
 * Makes addresses sources of a zone, and says whether it did: not where firewalld does not run and is not demanded. When it fails, those that it made
 * are removed.
 * @throws {OperationFailure} unsupported where firewalld is demanded and does not run, or has no such zone; conflict for an address that is a
 * source of another zone, or another attachment's; not-permitted for one that is leased to another.
 * @throws {KernelError} ETIMEDOUT when it, or the bus, is silent.
 */
export function allowInZone(
  context: OperationContext,
  addresses: readonly IpAddress[],
  { zone, isDemanded }: ZoneWish,
): boolean {
  using firewalld = Firewalld.open(context.state.node.netns);
  if (firewalld === undefined && !isDemanded) return false;
  for (const address of addresses) refuseLeased(context, address);
  if (firewalld === undefined)
    throw new OperationFailure("unsupported", "firewalld does not run for this network namespace of the node", true);
  const before = new Set(rowsOfPlugin(context, FIREWALLD_SOURCE).map(({ id }) => id));
  try {
    for (const address of addresses)
      addSource(context, firewalld, { zone, source: `${formatIpAddress(address)}/${addressBits(address.tag)}` });
  } catch (error) {
    const made = rowsOfPlugin(context, FIREWALLD_SOURCE).filter(({ id }) => !before.has(id));
    // What cannot be removed now stays on record: the operation is undone.
    if (!isInDoubt(error)) removeRows(context, made);
    throw toFailure(error);
  }
  return true;
}

/** Gives those of the attachment's addresses that firewalld has in their zone. */
export function heldByFirewalld(context: OperationContext): IpAddress[] {
  return rowsOfPlugin(context, FIREWALLD_SOURCE)
    .filter((row) => isSource(context.state, row))
    .map(({ undo }) => parseIpPrefix(String(undo["source"])).address);
}

/** Takes the attachment's addresses out of their zones. */
export function removeFromZones(context: OperationContext): void {
  removeRows(context, rowsOfPlugin(context, FIREWALLD_SOURCE));
}

function addSource(context: OperationContext, firewalld: Firewalld, { zone, source }: ZoneSource): void {
  const { state, call } = context;
  const key = `${zone} ${source}`;
  const rows = state.ledger.owned({ kind: FIREWALLD_SOURCE, key, nodeNetnsCookie: state.node.cookie });
  const other = rows.find(({ tag }) => tag !== call.tag);
  if (other !== undefined)
    throw new OperationFailure("conflict", `${source} is another attachment's: ${other.containerId}`, true);
  if (rows.length > 0) return firewalld.add({ zone, source });
  const row = state.ledger.intent(call.owner, {
    operationId: call.operation.id,
    callId: call.id,
    kind: FIREWALLD_SOURCE,
    key,
    // Somebody else's stays.
    undo: { zone, source, wasThere: firewalld.has({ zone, source }) },
    description: `source ${source} of firewalld's zone ${zone}`,
  });
  try {
    firewalld.add({ zone, source });
  } catch (error) {
    if (!isInDoubt(error)) state.ledger.forget(row);
    throw error;
  }
  state.ledger.done(row);
}

function isInDoubt(error: unknown): boolean {
  return IN_DOUBT.some((errno) => isKernelError(error, errno));
}

/** What firewalld said is told: its words name the zone and the address. */
function toFailure(error: unknown): unknown {
  if (!isKernelError(error)) return error;
  if (error.errno === "EEXIST") return new OperationFailure("conflict", error.message, true);
  return new OperationFailure(error.errno === "ETIMEDOUT" ? "busy" : "unsupported", error.message, true);
}
