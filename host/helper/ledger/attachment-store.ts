/**
 * @module What the ledger keeps of attachments, and what it offers. Types only.
 */
import type { AttachmentKey, AttachmentRecord, Digest, Scope } from "../protocol.ts";

/** Attachments after ADD, one per key and scope. */
export interface AttachmentStore {
  get(key: AttachmentKey, scope: Scope): AttachmentRecord | undefined;
  /** Those of one attachment, in every scope, oldest first. */
  scopesOf(key: AttachmentKey): AttachmentRecord[];
  /** `operationId`: the ADD that made it. */
  put(record: AttachmentRecord, operationId: string): void;
  /** Without a scope: in every one. */
  delete(key: AttachmentKey, scope?: Scope): void;
  /** Leaves fewer types on record. */
  keepOnly(record: AttachmentRecord, digests: AttachmentRecord["digests"]): void;
  /** Those that an operation made. */
  deleteMadeBy(operationId: string, containerId: string): void;
  list(filter: { readonly network?: string; readonly containerId?: string }): AttachmentRecord[];
  /** Attachments whose ADD or last change used that component: the component must stay. */
  countByDigest(digest: Digest): number;
}
