/**
 * @module What the verbs run against. `host.ts` implements it with the helper's client and the pool of sandboxes; tests with records.
 */

import type { BeginOperation, BegunOperation, EndCall, EndOperation, EndedOperation, InstalledPlugin, LogLine, TimelineEntry } from "../helper/protocol.ts";
import type { PluginError, ResultFrame } from "../helper/sandbox-protocol.ts";
import type { Request } from "../spec/request.ts";

/** How a guest's call ended. `{}` is what is left of an `ok` without a value once it has been JSON. */
export type GuestOutcome = ResultFrame["outcome"] | Readonly<Record<string, never>>;
/** A verb as the WIT exports spell it. */
export type GuestVerb = "add" | "del" | "check" | "status";
/** The answer to a guest that called its IPAM plugin. */
export type IpamAnswer = { readonly ok: unknown } | { readonly err: PluginError };

/** One call of one plugin. */
export interface PluginCall {
  readonly operationId: string;
  readonly plugin: InstalledPlugin;
  /** `attachment`, `chained` or `addresses`. */
  readonly export: string;
  readonly verb: GuestVerb;
  readonly request: Request;
  /** JSON text of the derived capability arguments. */
  readonly runtimeConfig: string;
  /** JSON text of the previous result, in the configuration's version; `undefined`: none. */
  readonly previousResult: string | undefined;
  /** Call that asked for this one; `undefined`: the chain itself. */
  readonly parentCallId: string | undefined;
  /** Ends the call early: its sandbox is killed. */
  readonly signal?: AbortSignal | undefined;
  /** Runs the IPAM plugin. `callId` is this call's. Never rejects. */
  readonly onIpam: (verb: GuestVerb, callId: string) => Promise<IpamAnswer>;
  /** Judges how the guest ended, for `end-call`. */
  readonly conclude: (outcome: GuestOutcome) => Pick<EndCall, "outcome" | "addresses" | "error">;
}

/** What a call leaves. */
export interface PluginCallEnded {
  readonly outcome: GuestOutcome;
  /** What was refused, and the grant that would allow it. */
  readonly refusals: readonly string[];
  readonly operations: readonly TimelineEntry[];
  readonly log: readonly LogLine[];
  /** Durations that were measured, by name: `sandbox`, `guest`, … */
  readonly phasesMicroseconds: Readonly<Record<string, number>>;
}

/** Helper and sandboxes, as the verbs see them. */
export interface Backend {
  /** @throws {CniError} tryAgainLater when another verb of the container runs; invalidNetns when its namespace is no good; and others. */
  begin(operation: BeginOperation): Promise<BegunOperation>;
  /** Begins the call, runs it, ends it. A guest's failure is an outcome. @throws {CniError} when the call cannot be made or ended. */
  call(call: PluginCall): Promise<PluginCallEnded>;
  /** @throws {CniError} helperFailed when an ADD that was to be kept broke, or the helper is gone. */
  end(ended: EndOperation): Promise<EndedOperation>;
}
