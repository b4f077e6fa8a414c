/**
 * @module Types of the public door.
 */
import type {
  AuditRow,
  AttachmentRecord,
  Difference,
  Examination,
  RebuiltLedger,
  Digest,
  InstalledPlugin,
  LegacyType,
  LeaseRow,
  LedgerRow,
} from "./helper/protocol.ts";
import type { ImportLeasesRequest, ImportReport } from "./operations/import-leases/import-leases.ts";
import type {
  AttachmentRequest,
  CachedRequest,
  CheckRequest,
  DoctorRequest,
  ExecRequest,
  GcAllRequest,
  GcRequest,
  InstallRequest,
  ReadFilter,
  RebuildRequest,
  StatusRequest,
  ValidateRequest,
} from "./requests.ts";
import type { ValidationReport } from "./operations/validation/report.ts";
import type { CachedAttachment } from "./operations/results-cache/format.ts";
import type { JsonObject } from "./spec/json.ts";
import type { VersionResult } from "./spec/version.ts";

export type { CachedAttachment } from "./operations/results-cache/format.ts";

/** How to make a host. Nothing is read from the environment. */
export interface HostOptions {
  /** Absolute path of the state directory: components, grants, ledger, leases. Created where it is missing; root's. */
  readonly stateDir: string;
  /** Node binary for helper and sandboxes. @default the one that runs this */
  readonly nodePath?: string;
  /** Folder that has the bundles of helper, sandbox and transpiler. @default the package's `dist` */
  readonly bundleDir?: string;
  /**
   * Sandboxes of one plugin at a time; each is a process of about 25 MB of its own. One more than there are processors are started as calls
   * come, further ones when a call has waited for 200 ms. @default 8
   */
  readonly sandboxesPerPlugin?: number;
  /** How long a sandbox may be idle before it is stopped, in milliseconds. @default 60000 */
  readonly sandboxIdleMs?: number;
  /**
   * Absolute path of a store of the reference plugin host-local that every lease is written to as well, so that both can work on one network;
   * `"none"`: no longer. The state directory remembers it, for every host. @default what the state directory says, at first none
   */
  readonly hostLocalStoreDir?: string;
  /** How long one call of a legacy executable may take, in milliseconds, before it is killed. @default 120000 */
  readonly legacyDeadlineMs?: number;
  /**
   * Absolute path of a cache directory of libcni's, such as /var/lib/cni: attachments of lists are then written there too, for libcni to read,
   * and those that libcni made before are read from it. @default none: the ledger has them
   */
  readonly cacheDir?: string;
  /** Collects garbage of all networks this long after the last time, in milliseconds, while the host is open. @default never */
  readonly gcIntervalMs?: number;
  /**
   * Gives the attachments that are in use, for that; what is added after it was asked stays. @default what is known but attachments whose
   * namespace is gone
   */
  readonly validAttachments?: () => Promise<GcAllRequest["valid"]>;
  /** Is told what went wrong and did not keep a call from its work. @default nobody */
  readonly onWarning?: (message: string) => void;
  /** Who calls, for the log: such as `cli`. @default "library" */
  readonly origin?: string;
}

/** What a CHECK found and did. */
export interface CheckReport {
  /** What differed and was to be put back, with what became of each; empty without `repair`. */
  readonly repaired: readonly Difference[];
}

/** What an installation would change. Nothing has been changed yet. */
export interface InstallPlan {
  readonly type: string;
  readonly digest: Digest;
  readonly version: string;
  readonly description: string;
  /** Whether the bytes are known to be what was meant: they match the expected digest, or the checksum that the build left in them. */
  readonly isVerified: boolean;
  /** What would be granted, a line each: `capability: what`. */
  readonly grants: readonly string[];
  /** What differs from the present grant of that type, a line each, the gravest first; `undefined`: the type is not installed. */
  readonly differences: readonly string[] | undefined;
  /** Does it. */
  readonly commit: () => Promise<InstalledPlugin>;
}

/** Runs CNI plugins. Every method rejects with {@link CniError} only. */
export interface Host extends AsyncDisposable {
  /** Adds a container to a network. What a failed call made is undone. Gives the result in the configuration's version. */
  readonly add: (request: AttachmentRequest) => Promise<JsonObject>;
  /** Removes it. Succeeds when there is nothing to remove; the namespace may be gone. */
  readonly del: (request: AttachmentRequest) => Promise<void>;
  /**
   * Checks that it is as ADD left it, by its plugins and by comparing whatever the ledger has of it with the kernel: rejects with code 110 and
   * names what drifted. With `repair`, what drifted is put back first, as far as it can be.
   */
  readonly check: (request: CheckRequest) => Promise<CheckReport>;
  /**
   * Tells whether `add` could be served now: rejects with code 50 if it could not, with 51 if containers may be degraded as well. Runs no
   * plugin where the answer is known. Below version 1.1.0 of the specification there is no such question, and the answer is yes.
   */
  readonly status: (request: StatusRequest) => Promise<void>;
  /**
   * Removes what belongs to no valid attachment of a network: links, rules, addresses, also of plugins that are gone and without the
   * namespaces. Waits for verbs of containers, and they for it. Goes on after a failure; the error has all of them. With the
   * configuration's `disableGC` it does nothing.
   */
  readonly gc: (request: GcRequest) => Promise<void>;
  /** `gc` of every network that is on record. */
  readonly gcAll: (request: GcAllRequest) => Promise<void>;
  /**
   * Says what is wrong with a network before it is used: types that nothing serves, versions, fields that a plugin's schema forbids, what
   * a grant does not cover. Runs no plugin. Rejects only when it cannot look.
   */
  readonly validate: (request: ValidateRequest) => Promise<ValidationReport>;
  /**
   * Gives the versions of the specification that every plugin of a network speaks; without one, those of this host. Legacy executables,
   * searched in `pluginDirs`, are asked.
   */
  readonly version: (
    network?: string | JsonObject,
    options?: Pick<AttachmentRequest, "pluginDirs">,
  ) => Promise<VersionResult>;
  /** Gives what ADD of a list answered, in the list's present version; `undefined`: nothing is known. */
  readonly cachedResult: (request: CachedRequest) => Promise<JsonObject | undefined>;
  /** Gives what ADD of a list was given, configuration and arguments; `undefined`: nothing is known. */
  readonly cachedAttachment: (request: CachedRequest) => Promise<CachedAttachment | undefined>;
  /** Lists the attachments of lists that are known, of one container or of all. */
  readonly cachedAttachments: (containerId?: string) => Promise<readonly CachedAttachment[]>;
  /**
   * Compares the whole ledger with the node, in both directions: what is on record with the kernel, what carries Cnidaria's tags with the ledger,
   * leases with attachments, attachments with their namespaces; and looks for damage of the database, of the log, and of the state
   * directory. What belongs to an operation that is under way is not judged. Empty differences: all is well.
   */
  readonly doctor: (request?: DoctorRequest) => Promise<Examination>;
  /** Reads the whole ledger, a line of JSON for each row. */
  readonly exportLedger: () => AsyncIterable<string>;
  /**
   * Makes the ledger anew where it is lost or damaged: the old file is set aside under another name, never overwritten; what can be read of it, a
   * copy, and the tags that objects of the node carry, joined with libcni's cache, become the new one. Rejects where the ledger is sound,
   * of a newer release, or in use by another helper.
   */
  readonly rebuildLedger: (request?: RebuildRequest) => Promise<RebuiltLedger>;
  /** Performs one call of the exec protocol: one plugin and its IPAM plugin. Gives the result's JSON text; `""`: none. */
  readonly exec: (request: ExecRequest) => Promise<string>;
  /** Verifies a component and says what its installation would grant. Changes nothing until it is committed. */
  readonly planInstall: (request: InstallRequest) => Promise<InstallPlan>;
  /** Verifies, grants what the manifest asks for, and installs. */
  readonly install: (request: InstallRequest) => Promise<InstalledPlugin>;
  /** Makes a type unknown. Attachments made with it can still be removed. */
  readonly uninstall: (type: string) => Promise<void>;
  /** Takes the grant away as well: its component runs no more, not even for DEL. */
  readonly revoke: (type: string) => Promise<void>;
  readonly list: () => Promise<readonly InstalledPlugin[]>;
  /**
   * Allows executables of a type, found in CNI_PATH, to be run as they are: nothing confines them. A component of that type that is
   * installed is preferred all the same.
   */
  readonly allowLegacy: (type: string) => Promise<void>;
  /** Takes that back, at once: not even DEL runs them. */
  readonly denyLegacy: (type: string) => Promise<void>;
  readonly listLegacy: () => Promise<readonly LegacyType[]>;
  /** What happened in calls, oldest first. */
  readonly log: (filter?: {
    readonly containerId?: string;
    readonly operationId?: string;
    readonly limit?: number;
  }) => Promise<readonly AuditRow[]>;
  /** What is owned now. */
  readonly ledger: (filter?: ReadFilter) => Promise<readonly LedgerRow[]>;
  readonly leases: (filter?: ReadFilter) => Promise<readonly LeaseRow[]>;
  readonly attachments: (filter?: ReadFilter) => Promise<readonly AttachmentRecord[]>;
  /** Takes over the addresses that the reference plugin host-local has given out: they stay taken. Again changes nothing. */
  readonly importLeases: (request?: ImportLeasesRequest) => Promise<readonly ImportReport[]>;
  /** Full, or reduced in a user namespace. Starts the helper, which checks the state directory. */
  readonly isolation: () => Promise<"full" | "reduced">;
  /** Ends sandboxes and helper. What is open is undone. */
  readonly close: () => Promise<void>;
}
