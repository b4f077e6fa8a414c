/**
 * @module Rows of the ledger, of leases and of the log, as the helper gives them to people. Types only.
 */
import type { AttachmentKey } from "./protocol.ts";

/** A row of the ledger, for people. */
export interface LedgerRow extends AttachmentKey {
  readonly id: number;
  readonly kind: string;
  readonly description: string;
  readonly state: "intent" | "done";
  readonly tag: string;
}

export interface LeaseRow extends AttachmentKey {
  readonly address: string;
  readonly setIndex: number;
}

/** A record of the audit log. `hash` chains it to the one before. */
export interface AuditRow {
  readonly sequence: number;
  readonly timeMs: number;
  readonly operationId: string;
  readonly callId: string | undefined;
  readonly event: string;
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  /** JSON text: what was asked, decided, done. */
  readonly data: string;
  readonly hash: string;
}
