/**
 * @module What the helper holds while it runs: the node's side, the ledger, and what is open. One object, passed on.
 */
import type { Layout } from "../components/layout.ts";
import type { CallFacts } from "../grants/facts.ts";
import type { Grant } from "../grants/grant.ts";
import type { Conntrack } from "../kernel/conntrack.ts";
import type { Listeners } from "../kernel/listeners.ts";
import type { Iptables } from "../kernel/iptables/iptables.ts";
import type { Netns } from "../kernel/netns.ts";
import type { Nftables } from "../kernel/nftables.ts";
import type { Rtnetlink } from "../kernel/rtnetlink.ts";
import type { Shaper } from "../kernel/shaping.ts";
import type { CniError } from "../spec/error.ts";
import type { JsonValue, Ledger, OperationRecord, Owner, SharedRow } from "./ledger/records.ts";
import type { Hold } from "./gc-lock.ts";
import type { Locks } from "./locks.ts";
import type { AttachmentKey, AttachmentRecord, BeginOperation, Digest, TimelineEntry } from "./protocol.ts";
import type { SandboxSession } from "./sandbox-session.ts";
import type { NotedVeth } from "./operations/noted-veth.ts";
import type { Isolation } from "./state-directory.ts";
import type { Deletion } from "./undo/deletions.ts";

/** The namespace that the helper lives in: the node's. */
export interface NodeSide {
  readonly netns: Netns;
  /** Cookie of the namespace, decimal text. */
  readonly cookie: string;
  readonly rtnetlink: Rtnetlink;
  /**
   * Gives the packet filter, opened at its first use.
   * @throws {KernelError} ENOSYS without libnftables.
   */
  readonly nftables: () => Nftables;
  /** Gives the packet filter by way of iptables. Whether its programs are there shows when one is run. */
  readonly iptables: () => Iptables;
  /** Gives the flows that the node tracks, opened at their first use. */
  readonly conntrack: () => Conntrack;
  /** Gives the sockets that wait for whomever, opened at their first use. */
  readonly listeners: () => Listeners;
  /** Gives traffic control, opened at its first use. */
  readonly shaper: () => Shaper;
}

/** The namespace of one container, open while an operation is. */
export interface ContainerSide extends Disposable {
  readonly path: string;
  readonly netns: Netns;
  readonly rtnetlink: Rtnetlink;
}

/** One verb for one attachment, between `begin-operation` and `end-operation`. */
export interface OpenOperation {
  readonly id: string;
  readonly key: AttachmentKey;
  readonly begun: BeginOperation;
  /** The operation that it is a part of, as it was when it began; `undefined`: none. */
  readonly outer: OperationRecord | undefined;
  /** `undefined`: no namespace: STATUS, GC, or DEL of a container that is gone. */
  readonly container: ContainerSide | undefined;
  /** What is on record of the attachment, in every scope. */
  readonly records: readonly AttachmentRecord[];
  /** Of these, the one that the operation goes by; see {@link BegunOperation.attachment}. */
  readonly attachment: AttachmentRecord | undefined;
  /** Whether one of the plugins gives addresses. */
  readonly givesAddresses: boolean;
  /** Digest of each type that is to be called; a type that is not installed has none. */
  readonly digests: Readonly<Record<string, Digest>>;
  /** Types whose executables may be run in it. */
  readonly legacy: readonly string[];
  /** Types whose executable was run by an ADD in it. Grows. */
  readonly legacyMade: Set<string>;
  readonly locks: readonly Hold[];
  readonly startedAtMs: number;
  /** Ids of the calls that were begun in it. */
  readonly callIds: Set<string>;
  /** Bridges that the attachment became a user of in this operation, by name. The container's lock keeps others from changing that. */
  readonly bridges: Map<string, SharedRow>;
  /** Pairs that its calls made, by the name in the container, with what is on record of them. See `operations/noted-veth.ts`. */
  readonly veths: Map<string, NotedVeth>;
  /** What its calls began to delete. Its end waits for them. */
  readonly deletions: Deletion[];
  /** Flows that are being forgotten for it. Its end waits for them; they settle without an error. */
  readonly forgettings: Promise<void>[];
  /** A plugin of it broke the protocol, or the ledger failed: it cannot end well any more. */
  broken: boolean;
}

/** One call of one plugin, between `begin-call` and `end-call`. */
export interface OpenCall {
  readonly id: string;
  readonly operation: OpenOperation;
  readonly parent: OpenCall | undefined;
  readonly type: string;
  readonly export: string;
  readonly sandbox: SandboxSession;
  readonly owner: Owner;
  /** 32 hexadecimal digits that the call's objects on the node carry. */
  readonly tag: string;
  readonly grant: Grant;
  /** `undefined`: this export gets no handle. */
  readonly containerHandle: number | undefined;
  /** Digest of configuration and arguments, 64 hexadecimal digits: what the scopes were derived from. */
  readonly configurationDigest: string;
  readonly startedAtMs: number;
  /** Grows with the addresses that nested calls give. */
  facts: CallFacts;
  readonly ownedNodeLinks: Set<string>;
  readonly ownedContainerLinks: Set<string>;
  /** Indexes of the container's links that the call made, by name. */
  readonly madeLinks: Map<string, number>;
  readonly counts: Map<string, number>;
  hostCalls: number;
  readonly refusals: string[];
  readonly timeline: TimelineEntry[];
  /** Arguments and errors of changes, for the log. */
  readonly trace: JsonValue[];
  /** Kernel time in microseconds that asynchronous parts of the running operation took. */
  asyncKernelMicroseconds: number;
  /** Why the call cannot go on: reported by `end-call`. */
  failure: CniError | undefined;
  /** Settles when the call has ended, and whoever asked for it has its addresses. */
  readonly over: PromiseWithResolvers<void>;
  ended: boolean;
}

/** What became of a ledger that was damaged. */
export interface Rebuilding {
  /** Where it is now; `null`: there was none. */
  readonly setAside: string | null;
  /** Rows that could be read from it, and are in the new one. */
  restored: number;
  /** Rows of a copy that are of a former uptime. */
  leftOut: number;
  /** Numbers that the copy has for this uptime. */
  readonly uptimes: Set<number>;
}

/** All of it. */
export interface HelperState {
  readonly version: string;
  readonly layout: Layout;
  readonly isolation: Isolation;
  readonly now: () => number;
  readonly ledger: Ledger;
  readonly locks: Locks;
  readonly node: NodeSide;
  readonly operations: Map<string, OpenOperation>;
  readonly calls: Map<string, OpenCall>;
  readonly sandboxes: Map<string, SandboxSession>;
  /** The helper was started to make the ledger anew: what became of the old one. `undefined`: it was not. */
  readonly rebuilding: Rebuilding | undefined;
  /** By sandbox, the beginning of a call on it that the host has asked for: it waits for its turn. */
  readonly beginnings: Map<string, Promise<unknown>>;
}

/** Owner's digest of what no plugin made but the helper itself. */
export const NO_PLUGIN: Digest = `sha256:${"0".repeat(64)}`;
