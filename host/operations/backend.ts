/**
 * @module What the verbs run against. `host.ts` implements it with the helper's client and the pool of sandboxes; tests with records.
 */

import type {
  BeginOperation,
  BegunOperation,
  Difference,
  EndCall,
  EndOperation,
  EndedCall,
  EndedOperation,
  InstalledPlugin,
  LogLine,
  AttachmentKey,
  AttachmentRecord,
  NetworkStatus,
  RecordLegacyCall,
  ReadStatus,
  Scope,
  StaleAttachment,
  SweepNetwork,
  SweptNetwork,
} from "../helper/protocol.ts";
import type { PluginError, ResultFrame } from "../helper/sandbox-protocol.ts";
import type { NetworkRequest, Request } from "../spec/request.ts";
import type { ValidAttachment } from "../spec/valid-attachments.ts";

/** How a guest's call ended. `{}` is what is left of an `ok` without a value once it has been JSON. */
export type GuestOutcome = ResultFrame["outcome"] | Readonly<Record<string, never>>;
/** A verb as the WIT exports spell it. */
export type GuestVerb = IpamVerb | "gc";
/** The verbs of these that a guest can have its IPAM plugin run. */
export type IpamVerb = "add" | "del" | "check" | "status";
/** The answer to a guest that called its IPAM plugin. */
export type IpamAnswer = { readonly ok: unknown } | { readonly err: PluginError };

/** What is known of a call before it begins. */
export interface CallBeginning {
  readonly operationId: string;
  /** A UUID of its own. */
  readonly callId: string;
  readonly plugin: InstalledPlugin;
  /** `attachment`, `chained`, `addresses` or `network`. */
  readonly export: string;
  readonly verb: GuestVerb;
  readonly request: Request | NetworkRequest;
  /** What `network.gc` is given besides the request; `undefined` with every other verb. */
  readonly valid?: readonly ValidAttachment[] | undefined;
  /** JSON text of the derived capability arguments. */
  readonly runtimeConfig: string;
  /** JSON text of the previous result, in the configuration's version; `undefined`: none. */
  readonly previousResult: string | undefined;
  /** Call that asked for this one; `undefined`: the chain itself. */
  readonly parentCallId: string | undefined;
  /** IPAM plugin that is run beside it, whose answer it is given unasked; `undefined`: it asks, or has none. */
  readonly earlyIpam: InstalledPlugin | undefined;
}

/** One call of one plugin. */
export interface PluginCall extends CallBeginning {
  /** Ends the call early: its sandbox is killed. */
  readonly signal?: AbortSignal | undefined;
  /** Whether something waits for the helper's word on the call's end. */
  readonly isEndAwaited: boolean;
  /** Is told when the guest runs, and how to give it the answer of its early IPAM plugin. Does not throw. */
  readonly onRun: (giveIpam: (answer: IpamAnswer) => void) => void;
  /** Runs the IPAM plugin. Never rejects. */
  readonly onIpam: (verb: IpamVerb) => Promise<IpamAnswer>;
  /** Finishes what belongs to the call, between the guest's end and the call's. Never rejects. */
  readonly beforeEnd: (result: Pick<ResultFrame, "outcome" | "tookIpam">) => Promise<void>;
  /** Judges how the guest ended, for `end-call`. */
  readonly conclude: (outcome: GuestOutcome) => Pick<EndCall, "outcome" | "addresses" | "error">;
}

/** What a call leaves. */
export interface PluginCallEnded {
  readonly outcome: GuestOutcome;
  /** Whether the sandbox's process went before its answer, by no doing of ours. */
  readonly isSandboxLost: boolean;
  /** What the helper says of the call's end, of which it has been told. A rejection that nobody awaits is harmless. */
  readonly closed: Promise<EndedCall>;
  readonly log: readonly LogLine[];
  /** Durations that were measured, by name: `sandbox`, `guest`, … */
  readonly phasesMicroseconds: Readonly<Record<string, number>>;
}

/** A verb that was begun, and calls with it. */
export interface BegunVerb extends BegunOperation {
  /** Id of the operation; not the one that was asked for where a guess of its plugins was wrong. */
  readonly operationId: string;
  /** Of the calls that were to be begun with it, those that were. */
  readonly ahead: readonly CallBeginning[];
}

/** Helper and sandboxes, as the verbs see them. */
export interface Backend {
  /** Gives the plugin that a type named in the last ADD. It may name another one by now. `undefined`: not known. */
  remembered(type: string): InstalledPlugin | undefined;
  /**
   * Begins a verb. Of the calls `ahead`, it begins in the same breath those for which a sandbox is idle, and keeps those whose plugin
   * is still what it was.
   * @throws {CniError} tryAgainLater when another verb of the container runs; invalidNetns when its namespace is no good; and others.
   */
  begin(operation: BeginOperation, ahead: readonly CallBeginning[]): Promise<BegunVerb>;
  /** Begins the call unless it is, runs it, has it ended. A guest's failure is an outcome. @throws {CniError} when the call cannot be made. */
  call(call: PluginCall): Promise<PluginCallEnded>;
  /**
   * Writes down a call of a legacy executable, before it is made and when it ended.
   * @throws {CniError} notPermitted when it may not be made.
   */
  recordLegacyCall(call: RecordLegacyCall): Promise<void>;
  /** Puts back what of a CHECK's attachment is not as ADD left it; gives the differences that there were. */
  repairAttachment(operationId: string): Promise<readonly Difference[]>;
  /** Lists the attachments of a GC's network that are on record and not valid, those of one container in the order of their DELs. */
  listStale(asked: SweepNetwork): Promise<readonly StaleAttachment[]>;
  /** Gives what is on record of an attachment in one scope; `undefined`: nothing. */
  readAttachment(key: AttachmentKey, scope: Scope): Promise<AttachmentRecord | undefined>;
  /** Removes whatever attachments of a GC's network have that are not valid. */
  sweepNetwork(asked: SweepNetwork): Promise<SweptNetwork>;
  /** Gives what is known of a network without any plugin. @throws {CniError} invalidNetworkConfig for the names. */
  readStatus(asked: ReadStatus): Promise<NetworkStatus>;
  /** @throws {CniError} helperFailed when an ADD that was to be kept broke, or the helper is gone. */
  end(ended: EndOperation): Promise<EndedOperation>;
}
