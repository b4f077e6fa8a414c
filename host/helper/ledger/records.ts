/**
 * @module What the ledger keeps, and what it offers. Types only.
 */
import type { HostLocalStore } from "../host-local-store.ts";
import type { AttachmentKey, AuditRow, Digest, Verb } from "../protocol.ts";
import type { AttachmentStore } from "./attachment-store.ts";
import type { CopiedPart, CopiedRow } from "./raw.ts";
import type { LedgerProblem } from "./examine.ts";
import type { Lease, LeaseStore } from "./lease-records.ts";

/** A JSON value, as undo functions get it back. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
/** A JSON object. */
export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

/** Whose something is: the attachment, on which node namespace, made by which plugin. */
export interface Owner extends AttachmentKey {
  /** SO_NETNS_COOKIE of the node's network namespace, decimal text. */
  readonly nodeNetnsCookie: string;
  readonly digest: Digest;
}

/** A change that is about to be made. */
export interface Intent {
  readonly operationId: string;
  readonly callId: string;
  /** What it is, such as `veth`: chooses the undo function. */
  readonly kind: string;
  /** Which one, such as the link's name. */
  readonly key: string;
  /** All that its undo function needs. Small: it is written before every change. */
  readonly undo: JsonObject;
  /** The value that the change replaces; `undefined`: none. */
  readonly replaced?: JsonValue | undefined;
  /** For people: such as `veth vethab12 on bridge cni0`. */
  readonly description: string;
  /** The record itself is the change: nothing is made after it. @default false */
  readonly isDone?: boolean;
}

/** A change on record. `intent`: it may or may not have been made. */
export interface OwnedRow extends Owner, Omit<Intent, "isDone"> {
  readonly id: number;
  readonly state: "intent" | "done";
  readonly replaced: JsonValue | undefined;
  /** 32 hexadecimal digits, see `tagOf`. */
  readonly tag: string;
}

/** Rows that match every field given. */
export interface OwnedFilter {
  readonly operationId?: string;
  readonly attachment?: AttachmentKey;
  readonly network?: string;
  readonly containerId?: string;
  readonly kind?: string;
  readonly key?: string;
  readonly digest?: Digest;
  readonly nodeNetnsCookie?: string;
}

/** A thing that attachments share, such as a bridge. Owned by the network whose attachment made it first. */
export interface SharedRow {
  readonly id: number;
  readonly nodeNetnsCookie: string;
  readonly network: string;
  readonly kind: string;
  readonly key: string;
  /** `creating` and `deleting`: `operationId` is at it. */
  readonly state: "creating" | "ready" | "deleting";
  readonly operationId: string;
  readonly undo: JsonObject;
  readonly description: string;
}

/** What `share` needs to know. `undo` and `description` count only when the thing is new. */
export interface SharedThing {
  readonly operationId: string;
  readonly kind: string;
  readonly key: string;
  readonly undo: JsonObject;
  readonly description: string;
}

/**
 * - `created`: the caller must make it (or find it made by an operation that failed half-way), then call `ready`.
 * - `joined`: it is there, and the attachment counts as a user of it.
 * - `creating`, `deleting`: another living or dead operation is at it, and nothing was counted. Recover that operation if its
 *   lock is free, otherwise wait and ask again.
 */
export interface ShareOutcome {
  readonly state: "created" | "joined" | "creating" | "deleting";
  readonly row: SharedRow;
}

/** An attachment as the user of shared things. */
export interface SharedUser extends AttachmentKey {
  /** Plugins of its that count. @default all of them, also where the plugin is not known */
  readonly digests?: readonly Digest[] | undefined;
  /** Operation in which it became a user. @default any */
  readonly joinedBy?: string | undefined;
}

/** Which shared things: of a user, or joined by an operation, or being made or deleted by an operation. */
export interface SharedFilter {
  readonly user?: SharedUser;
  readonly joinedBy?: string;
  readonly busyWith?: string;
  readonly network?: string;
  readonly kind?: string;
  readonly key?: string;
  readonly nodeNetnsCookie?: string;
}

/** Things used by more than one attachment. Two helpers may ask at once. */
export interface SharedStore {
  /** Counts the attachment as a user, and says whether the thing is still to be made. */
  share(owner: Owner, thing: SharedThing): ShareOutcome;
  /** The thing is made. `undo` replaces what was given to `share`. Written at once, for others wait for it. */
  ready(id: number, undo?: JsonObject): void;
  /**
   * Takes the attachment, or some of its plugins, off the users. With the last one the row turns to `deleting` in the same transaction: the caller
   * deletes the thing and calls `removed`. `undefined`: it was no user.
   */
  unshare(
    id: number,
    user: SharedUser,
    operationId: string,
  ): { readonly last: boolean; readonly row: SharedRow } | undefined;
  /** The thing is deleted. */
  removed(id: number): void;
  list(filter: SharedFilter): SharedRow[];
  /** The thing of that kind and key in a node's namespace; `undefined`: there is none. */
  find(nodeNetnsCookie: string, kind: string, key: string): SharedRow | undefined;
  /** Things that attachments of a network use, whichever network made them. */
  usedBy(network: string, filter: Pick<SharedFilter, "kind" | "nodeNetnsCookie">): SharedRow[];
  /** Attachments that use it, each once. */
  users(id: number): AttachmentKey[];
}

/** A verb under way. Its lock is `calls/<id>`. */
export interface OperationRecord extends AttachmentKey {
  readonly id: string;
  readonly nodeNetnsCookie: string;
  readonly verb: Verb;
  readonly startedAtMs: number;
  readonly origin: string;
  readonly helperPid: number;
  /** Id of the operation that it is a part of; `""`: of none. */
  readonly within: string;
}

/** An event for the audit log. */
export interface AuditEntry extends AttachmentKey {
  readonly operationId: string;
  readonly callId?: string | undefined;
  /** Such as `operation`, `refused`, `undo`. */
  readonly event: string;
  /** What was asked, decided, done. */
  readonly data: JsonObject;
}

/** Audit rows that match every field given, oldest first; `limit` gives the newest. */
export interface AuditFilter {
  readonly containerId?: string;
  readonly operationId?: string;
  readonly limit?: number;
}

/** How many records of the time before the machine's restart went. */
export interface Reclaimed {
  readonly owned: number;
  readonly shared: number;
  readonly leases: number;
  readonly attachments: number;
  readonly operations: number;
}

/**
 * The ledger: what was changed, for whom, how to undo it. Only helpers open it; several may at once.
 * Every method may throw {CniError} stateUnusable when the database cannot be read or written.
 */
export interface Ledger extends Disposable {
  /** Whether the machine was restarted since the ledger was last used: call `reclaimAfterReboot`. */
  readonly rebooted: boolean;
  /** The kernel's name of this uptime. */
  readonly bootId: string;
  readonly shared: SharedStore;
  readonly leases: LeaseStore;
  readonly attachments: AttachmentStore;

  openOperation(operation: OperationRecord): void;
  /** Removes the operation. What it owns stays with the attachment. */
  closeOperation(id: string): void;
  /** Makes what a container's operation made the work of another one: undone with it. */
  handOver(from: Pick<OperationRecord, "id" | "containerId">, to: string): void;
  /** Operations of this node namespace that were begun and not ended, dead or alive, oldest first. */
  unfinishedOperations(): OperationRecord[];
  /** `undefined`: ended, or never begun. */
  readOperation(id: string): OperationRecord | undefined;

  /** Writes a change down, committed on return; then the caller makes it. Gives the row's id. */
  intent(owner: Owner, intent: Intent): number;
  /** The change is made. `undo` replaces the intent's. Written with the next intent or flush. */
  done(id: number, undo?: JsonObject): void;
  /** The change is undone or was never made. Written with the next intent or flush: undo functions meet things already gone. */
  forget(id: number): void;
  /** Rows that match, first made first. */
  owned(filter: OwnedFilter): OwnedRow[];

  /** Whether a row matches, without reading all of them. One that is to be forgotten with the next flush still counts. */
  hasOwned(filter: OwnedFilter): boolean;

  /** A row that matches, other than the one with an id (0: any), without reading all of them; `undefined`: there is none. */
  findOwned(filter: OwnedFilter, otherThan: number): OwnedRow | undefined;

  /** Adds to the audit log. Written with the next flush. */
  audit(entry: AuditEntry): void;
  readAudit(filter: AuditFilter): AuditRow[];
  /** The audit log after a sequence number (0: all), one JSON object with a line end per row, oldest first. */
  exportJsonLines(afterSequence?: number): Iterable<string>;
  /** Removes the oldest audit rows until `keepRows` are left; the chain's start moves along. Gives how many went. */
  rotateAudit(keepRows: number): number;

  /** Runs several writes as one transaction, committed on return, undone when `body` throws. May be nested. */
  transaction<T>(body: () => T): T;
  /** Writes what is buffered. */
  flush(): void;
  /** Forgets what the machine's restart took: changes, shared things, leases, attachments, operations. */
  reclaimAfterReboot(): Reclaimed;
  /** Reads a part of a table, as it is. */
  copy(part: CopiedPart): readonly CopiedRow[];
  /** Writes rows of a copy, as rows of this uptime; what is there stays. Gives how many were written. */
  restore(rows: readonly CopiedRow[]): number;
  /** Looks for damage in the database's file and in the chain of the log; empty: there is none. Reads all of it. */
  examine(): readonly LedgerProblem[];
  /** Gives each lease its file in host-local's store, if there is one. Gives the leases whose address somebody else has there. */
  agreeWithStore(): readonly Lease[];
  close(): void;
}

/** How to open a ledger. */
export interface LedgerOptions {
  readonly stateDir: string;
  /** Cookie of the helper's own network namespace, decimal text. */
  readonly nodeNetnsCookie: string;
  readonly now: () => number;
  /** Has a file for every lease. @default none: leases are in the ledger alone */
  readonly hostLocalStore?: HostLocalStore | undefined;
  /** Identity of the machine's uptime. @default content of /proc/sys/kernel/random/boot_id */
  readonly bootId?: string | undefined;
}
