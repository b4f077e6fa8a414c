/**
 * @module What is said between host and helper about how ledger and kernel differ. Types only.
 */
import type { AttachmentKey } from "./protocol.ts";

/**
 * What is wrong.
 *
 * - `missing`, `changed`, `foreign`: something on record is not there, is not as it was made, or has something else in its place.
 * - `untold`: something is there that is Cnidaria's by its tag or its name, and no row of the ledger accounts for it.
 * - `lease`, `namespace`, `operation`: an address without an attachment, an attachment without its namespace, an operation that nobody ends.
 * - `database`, `log`, `directory`: the ledger's own file, its chain of audit rows, the state directory.
 */
export type DifferenceKind =
  | "missing"
  | "changed"
  | "foreign"
  | "untold"
  | "lease"
  | "namespace"
  | "operation"
  | "database"
  | "log"
  | "directory";

/** One thing that is not as the ledger says, or the other way round. */
export interface Difference {
  readonly what: DifferenceKind;
  /** Whose it is; `undefined`: nobody's, or that of several. */
  readonly attachment: AttachmentKey | undefined;
  /** Such as `link vethab12 of the node`. */
  readonly object: string;
  readonly wanted: string;
  readonly found: string;
  /** What to do about it. */
  readonly advice: string;
  /** What `repair` made of it; `undefined`: it was not asked to. */
  readonly repair: "repaired" | "failed" | "left" | undefined;
  /** Why it was not repaired, where that is known. */
  readonly why?: string | undefined;
}

/** Puts back what of an attachment is not as ADD left it. In a CHECK that is open. */
export interface RepairAttachment {
  readonly operationId: string;
}

/** Asks to compare the whole ledger with the node. */
export interface Examine {
  /** Puts back what is missing or changed, and removes records that are about nobody any more. */
  readonly repair: boolean;
  /** With `repair`: also removes what carries a tag and no row accounts for. It may be another state directory's. */
  readonly removeUntold: boolean;
}

/** What was found. */
export interface Examination {
  /** Empty: all is well. */
  readonly differences: readonly Difference[];
  /** Operations that are under way: what belongs to them was not judged. */
  readonly alive: readonly LivingOperation[];
}

/** An operation that is under way. */
export interface LivingOperation extends AttachmentKey {
  readonly id: string;
  readonly verb: string;
  readonly helperPid: number;
  readonly startedAtMs: number;
}

/** Asks for a part of a copy of the ledger. */
export interface CopyLedger {
  readonly table: string;
  readonly offset: number;
}

/** An attachment that something else than the ledger knows, such as libcni's cache. */
export interface KnownAttachment extends AttachmentKey {
  /** Path of its namespace; `""`: not known. */
  readonly netns: string;
  /** JSON text of the network configuration list. */
  readonly configuration: string;
  readonly args: readonly (readonly [string, string])[];
  /** JSON text. */
  readonly runtimeConfig: string;
  /** JSON text of what ADD answered. */
  readonly result: string;
}

/** Asks a helper that was started for it to add to the new ledger what the node says. */
export interface RebuildLedger {
  readonly known: readonly KnownAttachment[];
}

/** What the new ledger is made of. */
export interface RebuiltLedger {
  /** Where the damaged one is now; `null`: there was none. */
  readonly setAside: string | null;
  /** Rows of the damaged one and of a copy. */
  readonly restored: number;
  /** Rows of a copy that are of a former uptime of the machine: nothing of it is there any more. */
  readonly leftOut: number;
  /** What of the node was given rows, by its tag. */
  readonly attributed: readonly string[];
  /** What carries a tag that nobody known has. It is left alone. */
  readonly unattributed: readonly string[];
  /** Attachments that the tags led to. */
  readonly attachments: number;
}
