/**
 * @module What is said between host, helper and sandbox. Types only; `frames.ts` has the framing.
 *
 * Every channel carries frames: 4 bytes, little-endian, the length of what follows; then that many bytes of UTF-8 JSON.
 * - host to helper: a unix socket. The first frame of a connection is an {@link Opening}; role `host` is then a
 *   conversation of {@link ControlRequest} and {@link ControlAnswer}; role `sandbox` becomes the control channel of a new sandbox.
 * - host to sandbox (the sandbox's descriptor 3): `HostToSandbox` and `SandboxToHost`.
 * - sandbox to helper (descriptor 4, private): first a `LoadFrame` and the bytes of its files from the helper, then one
 *   `OperationRequest` at a time, answered by an `OperationAnswer`.
 */

import type { AuditRow, LeaseRow, LedgerRow } from "./reading-protocol.ts";
import type { BeginCall, EndCall, EndedCall } from "./call-protocol.ts";
import type { LegacyType, RecordLegacyCall } from "./legacy-protocol.ts";
import type { NetworkStatus, ReadStatus, StaleAttachment, SweepNetwork, SweptNetwork } from "./network-protocol.ts";

export type { AuditRow, LeaseRow, LedgerRow } from "./reading-protocol.ts";
export type { BeginCall, CallOutcome, EndCall, EndedCall, TimelineEntry } from "./call-protocol.ts";
export type { LegacyType, RecordLegacyCall } from "./legacy-protocol.ts";
export type {
  NetworkStatus,
  PluginStatus,
  ReadStatus,
  StaleAttachment,
  SweepNetwork,
  SweptNetwork,
} from "./network-protocol.ts";

import type {
  CopyLedger,
  Difference,
  Examination,
  Examine,
  RebuildLedger,
  RebuiltLedger,
  RepairAttachment,
} from "./truth-protocol.ts";

export type {
  Difference,
  DifferenceKind,
  Examination,
  Examine,
  KnownAttachment,
  LivingOperation,
  RebuiltLedger,
  RepairAttachment,
} from "./truth-protocol.ts";

import type { ImportedLeases, ImportLeases } from "./import-protocol.ts";

export type { ImportedLease, ImportedLeases, ImportLeases } from "./import-protocol.ts";

/** Number of this protocol. Both sides must have the same: they are installed together. */
export const PROTOCOL_VERSION = 1;

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

export type Verb = "ADD" | "DEL" | "CHECK" | "STATUS" | "GC";

export type Opening =
  | { readonly role: "host"; readonly protocol: number }
  | { readonly role: "sandbox"; readonly protocol: number; readonly sandboxId: string; readonly digest: Digest }
  | { readonly role: "transpiler"; readonly protocol: number };

/** Limits of one plugin's calls, as its grant has them. */
export interface Limits {
  /** Memory of one instance, all its memories together. */
  readonly memoryBytes: number;
  /** Wall-clock time of one call, host calls included. */
  readonly deadlineMs: number;
  readonly hostCalls: number;
  readonly logBytes: number;
  readonly resultBytes: number;
}

/** A plugin as installed, for the host. */
export interface InstalledPlugin {
  readonly type: string;
  readonly digest: Digest;
  readonly version: string;
  /** Exported interfaces, such as `attachment`. */
  readonly exports: readonly string[];
  /** Names of granted capabilities. */
  readonly capabilities: readonly string[];
  readonly limits: Limits;
  /** Whether its `add` needs nothing that the plugin makes which asks for it: it may be run before that one asks. */
  readonly early: boolean;
  /** Digests that `types/<type>` named before and that attachments still use, newest first, are not listed here. */
  readonly cniVersions: readonly string[];
}

/**
 * Which plugins of an attachment an operation is about: `""`: a whole list; otherwise the type of the one plugin that the exec protocol
 * called, with its IPAM plugin. Runtimes call each plugin of a chain by itself: each is added and deleted without the others.
 */
export type Scope = string;

/** Owner of what an operation leaves behind. */
export interface AttachmentKey {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
}

/** What is kept of an attachment after ADD: libcni's cached result, and more. One for each scope in which it was added. */
export interface AttachmentRecord extends AttachmentKey {
  readonly scope: Scope;
  readonly netns: string;
  readonly cniVersion: string;
  /** JSON text of the network configuration list that ADD used. */
  readonly configuration: string;
  /** CNI_ARGS as given. */
  readonly args: readonly (readonly [string, string])[];
  /** JSON text of the capability arguments as given. */
  readonly runtimeConfig: string;
  /** Digest of each plugin type that took part. */
  readonly digests: Readonly<Record<string, Digest>>;
  /** Types whose legacy executable took part: nobody but that executable can undo what it made. */
  readonly legacy: readonly string[];
  /** JSON text of the result in `cniVersion`; `undefined` when the last ADD did not end. */
  readonly result: string | undefined;
  readonly createdAtMs: number;
}

/**
 * Begins one verb for one attachment: takes the container's lock, opens the namespace, recovers what an earlier call of the same
 * attachment left unfinished. One at a time per container id: a second one waits for the first. GC runs alone: it waits for the verbs of containers,
 * and they for it. Whoever has waited long enough is refused with `tryAgainLater`. STATUS and GC are about no container: names are empty.
 */
export interface BeginOperation extends AttachmentKey {
  /**
   * Chosen by the host, a UUID that was never used, so that what belongs to the operation is sent without waiting for its beginning:
   * what the helper is asked about one operation, it performs in the order in which it was asked.
   */
  readonly operationId: string;
  readonly verb: Verb;
  readonly scope: Scope;
  /**
   * Id of an operation of this node that is open and alive, and that this one is a part of: a GC of the same network, or one of the same
   * container. Its locks cover this one. An ADD that is part of another one's ADD of the same attachment is undone with it.
   */
  readonly within?: string | undefined;
  /** Path of the container's namespace; `""` on DEL without one. */
  readonly netns: string;
  readonly cniVersion: string;
  /** JSON text of the network configuration list, kept with the attachment. */
  readonly configuration: string;
  readonly args: readonly (readonly [string, string])[];
  readonly runtimeConfig: string;
  /** Plugin types that will be called, IPAM included. */
  readonly types: readonly string[];
  /** Identity of the runtime's own call, for the log: such as `add@cli`. */
  readonly origin: string;
}

export interface BegunOperation {
  /** Per type, the plugin to use: on DEL and CHECK the digest pinned by ADD, else the installed one; `null`: not installed. */
  readonly plugins: Readonly<Record<string, InstalledPlugin | null>>;
  /**
   * The wanted types that have no plugin, and whose executables the operator allows to be run as they are. On DEL and CHECK a type that
   * took part in the ADD as an executable is still one, whatever was installed since.
   */
  readonly legacy: readonly string[];
  /**
   * What the last ADD of this attachment left; `null`: none. Of this scope; without one, for a plugin that a list added: the list's; for a
   * list whose plugins were added one by one: that of the last of them.
   */
  readonly attachment: AttachmentRecord | null;
  /** Whether the container's namespace is there (always true for ADD and CHECK). */
  readonly namespacePresent: boolean;
}

/**
 * Ends a verb. ADD with outcome `ok` keeps what is owned and stores the result; any other ADD undoes all of it, last first.
 * DEL removes whatever the attachment still owns, whatever its outcome, and on `ok` forgets the attachment; with a scope, what the plugins
 * of that scope made, and forgets that scope.
 */
export interface EndOperation {
  readonly operationId: string;
  readonly outcome: "ok" | "error";
  /** JSON text of the final result, for ADD. */
  readonly result: string | undefined;
  readonly phasesMicroseconds: Readonly<Record<string, number>>;
}

export interface EndedOperation {
  /** What could not be undone or removed; empty: all is well. */
  readonly failures: readonly string[];
  /** Microseconds of the sweep, and of those in the kernel. */
  readonly sweepMicroseconds: number;
  readonly sweepKernelMicroseconds: number;
  /** With CHECK: what of the attachment is not as ADD left it. Absent: with every other verb. */
  readonly differences?: readonly Difference[];
}

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
}

export interface Hello {
  readonly protocol: number;
  readonly version: string;
  readonly pid: number;
  /** `reduced`: in a user namespace, where sandboxes share the helper's uid. */
  readonly isolation: "full" | "reduced";
  /** Cookie of the node's network namespace, decimal text. */
  readonly nodeNetnsCookie: string;
  readonly stateDir: string;
}

/** Requests of the host and their answers. */
export interface ControlMethods {
  hello: { params: Record<string, never>; result: Hello };
  "begin-operation": { params: BeginOperation; result: BegunOperation };
  "begin-call": { params: BeginCall; result: Record<string, never> };
  "end-call": { params: EndCall; result: EndedCall };
  "end-operation": { params: EndOperation; result: EndedOperation };
  "repair-attachment": { params: RepairAttachment; result: { differences: readonly Difference[] } };
  "copy-ledger": { params: CopyLedger; result: { rows: readonly unknown[] } };
  "restore-ledger": { params: { lines: readonly string[] }; result: { restored: number; refused: number } };
  "rebuild-ledger": { params: RebuildLedger; result: RebuiltLedger };
  examine: { params: Examine; result: Examination };
  "record-legacy-call": { params: RecordLegacyCall; result: Record<string, never> };
  "kill-sandbox": { params: { sandboxId: string; reason: string }; result: Record<string, never> };
  "list-stale": { params: SweepNetwork; result: { stale: readonly StaleAttachment[] } };
  "sweep-network": { params: SweepNetwork; result: SweptNetwork };
  "read-status": { params: ReadStatus; result: NetworkStatus };
  /** Removes components that nothing uses. None while an operation is under way, or just after they were stored. */
  "remove-unused": { params: Record<string, never>; result: { digests: readonly Digest[] } };
  "list-plugins": { params: Record<string, never>; result: { plugins: readonly InstalledPlugin[] } };
  /** Those that were called last, by whichever host: the first in the list are needed first. */
  "list-recent": { params: Record<string, never>; result: { plugins: readonly InstalledPlugin[] } };
  "list-legacy": { params: Record<string, never>; result: { types: readonly LegacyType[] } };
  "read-attachment": {
    params: AttachmentKey & { readonly scope?: Scope | undefined };
    result: { attachment: AttachmentRecord | null };
  };
  "list-attachments": {
    params: { network?: string; containerId?: string };
    result: { attachments: readonly AttachmentRecord[] };
  };
  "read-ledger": { params: { network?: string; containerId?: string }; result: { rows: readonly LedgerRow[] } };
  "read-leases": { params: { network?: string; containerId?: string }; result: { rows: readonly LeaseRow[] } };
  "import-leases": { params: ImportLeases; result: ImportedLeases };
  "read-log": {
    params: { containerId?: string; operationId?: string; limit?: number };
    result: { rows: readonly AuditRow[] };
  };
}

export type ControlMethod = keyof ControlMethods;

export interface ControlRequest {
  readonly id: number;
  readonly method: ControlMethod;
  readonly params: unknown;
}

export type ControlAnswer =
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly error: {
        readonly kind: string;
        readonly code: number;
        readonly message: string;
        readonly details?: string;
      };
    };
