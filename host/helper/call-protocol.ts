/**
 * @module Calls of plugins, as the host tells the helper of them. Types only.
 */
import type { Digest, LogLine } from "./protocol.ts";

/** Opens a call of one plugin on one sandbox. Scopes are derived from what is given here, once. */
export interface BeginCall {
  readonly operationId: string;
  /** Chosen by the host, as `BeginOperation.operationId` is. */
  readonly callId: string;
  readonly sandboxId: string;
  readonly type: string;
  readonly digest: Digest;
  /** `attachment`, `chained`, `addresses` or `network`. */
  readonly export: string;
  /**
   * Number that stands for the container's namespace on the private channel, for this call only: hard to guess, from 1 to 2^31 - 1; 0
   * where the export gets none. Chosen by the host, as the ids are.
   */
  readonly containerHandle: number;
  /** JSON text of the request configuration handed to the plugin. */
  readonly configuration: string;
  /** JSON text of the derived capability arguments. */
  readonly runtimeConfig: string;
  /** JSON text of the previous result; `undefined`: none. */
  readonly previousResult: string | undefined;
  /** Call that asked for this one (IPAM); `undefined`: the chain itself. */
  readonly parentCallId: string | undefined;
}

export type CallOutcome = "ok" | "error" | "trap" | "killed";

export interface EndCall {
  readonly callId: string;
  readonly outcome: CallOutcome;
  /** Addresses that an `addresses` plugin gave, CIDR text: they widen the scope of the call that asked. */
  readonly addresses: readonly string[];
  /** Error code and message for the log; `undefined` when it went well. */
  readonly error: { readonly code: number; readonly message: string } | undefined;
  readonly log: readonly LogLine[];
  /** Durations that the host measured, in microseconds, by name. */
  readonly phasesMicroseconds: Readonly<Record<string, number>>;
  /** Nothing waits for the answer: it may come with the next one, which saves the host a wake-up. */
  readonly isUnhurried: boolean;
}

export interface EndedCall {
  /** What was refused, and the grant that would allow it: for the error's details. */
  readonly refusals: readonly string[];
  readonly operations: readonly TimelineEntry[];
}

/** One kernel or ledger operation of a call. */
export interface TimelineEntry {
  readonly operation: string;
  readonly outcome: "ok" | "refused" | "failed";
  /** From the frame's arrival to its answer. */
  readonly microseconds: number;
  /** Of those, spent in the kernel. */
  readonly kernelMicroseconds: number;
}
