/**
 * @module Methods that read ledger, leases, attachments and log: for people and for `check`.
 */
import type { LedgerRow as StoredRow } from "../protocol.ts";
import { formatIpAddress } from "../../spec/ip.ts";
import type { OwnedRow, SharedRow } from "../ledger/records.ts";
import { listLegacyTypes } from "../legacy-types.ts";
import { listPlugins } from "../plugins.ts";
import type { ControlMethods } from "../protocol.ts";
import type { HelperState } from "../state.ts";

type Result<M extends keyof ControlMethods> = ControlMethods[M]["result"];
type Params<M extends keyof ControlMethods> = ControlMethods[M]["params"];

/** Rows of the log that are given at most, unless fewer are asked for. */
const LOG_ROWS_MAX = 1000;

export function readPlugins(state: HelperState): Result<"list-plugins"> {
  return { plugins: listPlugins(state.layout) };
}

export function readLegacyTypes(state: HelperState): Result<"list-legacy"> {
  return { types: listLegacyTypes(state.layout) };
}

export function readAttachment(state: HelperState, key: Params<"read-attachment">): Result<"read-attachment"> {
  return { attachment: state.ledger.attachments.get(key, key.scope ?? "") ?? null };
}

export function listAttachments(state: HelperState, filter: Params<"list-attachments">): Result<"list-attachments"> {
  return { attachments: state.ledger.attachments.list(filter) };
}

/** Gives changes, and what attachments share: one row for each user. */
export function readLedger(state: HelperState, filter: Params<"read-ledger">): Result<"read-ledger"> {
  const { containerId, network } = filter;
  const shared = state.ledger.shared
    .list(network === undefined ? {} : { network })
    .flatMap((row) => sharedRows(state, row));
  const wanted = shared.filter((row) => containerId === undefined || row.containerId === containerId);
  return { rows: [...state.ledger.owned(filter).map(ownedRow), ...wanted] };
}

function ownedRow({ id, network, containerId, ifname, kind, description, state, tag }: OwnedRow): StoredRow {
  return { id, network, containerId, ifname, kind, description, state, tag };
}

function sharedRows(state: HelperState, row: SharedRow): StoredRow[] {
  const { tag } = row.undo;
  const common = {
    id: row.id,
    kind: row.kind,
    description: row.description,
    state: row.state === "ready" ? "done" : "intent",
    tag: typeof tag === "string" ? tag : "",
  } as const;
  const users = state.ledger.shared.users(row.id);
  if (users.length === 0) return [{ ...common, network: row.network, containerId: "", ifname: "" }];
  return users.map((user) => ({ ...common, ...user }));
}

export function readLeases(state: HelperState, filter: Params<"read-leases">): Result<"read-leases"> {
  const rows = state.ledger.leases.list(filter).map(({ address, setIndex, network, containerId, ifname }) => {
    return { address: formatIpAddress(address), setIndex, network, containerId, ifname };
  });
  return { rows };
}

export function readLog(
  state: HelperState,
  { containerId, operationId, limit }: Params<"read-log">,
): Result<"read-log"> {
  state.ledger.flush();
  const rows = state.ledger.readAudit({
    ...(containerId === undefined ? {} : { containerId }),
    ...(operationId === undefined ? {} : { operationId }),
    limit: limit ?? LOG_ROWS_MAX,
  });
  return { rows };
}
