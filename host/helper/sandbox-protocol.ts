/**
 * @module What is said to a sandbox and by it, on its two channels.
 */
import type { Digest, Limits, LogLine } from "./protocol.ts";

/** First frame on the private channel; the bytes of `files`, in order, follow it unframed. */
export interface LoadFrame {
  readonly type: "load";
  readonly digest: Digest;
  readonly limits: Limits;
  /** Granted capability interfaces: what the sandbox wires up. */
  readonly capabilities: readonly string[];
  /** Whether `wasi:*` imports are answered. */
  readonly wasi: boolean;
  /** Exported interfaces, by name. */
  readonly exports: readonly string[];
  /** The generated entry module is the first. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/** `["container-links.create-veth", handle, {…}]`: interface, function, and the arguments as WIT lifts them. */
export type OperationRequest = readonly [operation: string, ...args: unknown[]];
/** `err` is the case of the interface's own error enum. */
export type OperationAnswer = { readonly ok: unknown } | { readonly err: string };

/** First element of a {@link BatchRequest}. It is no operation's name: those have a dot. */
export const BATCH = "batch";
/** Operations whose answers have no value, done in order until one does not succeed. */
export type BatchRequest = readonly [typeof BATCH, ...OperationRequest[]];
/** First element of an {@link AfterRequest}. It is no operation's name: those have a dot. */
export const AFTER = "after";
/** What a request comes after. */
export type Earlier = "ipam" | "start";
/** Error of a batch that was not done, since what was started before it failed. */
export const NOT_STARTED = "not-started";

/**
 * What a guest asks after something else.
 * - `ipam`: it took the answer of an IPAM plugin that was given unasked. The end of that plugin's call may still be on its way to the
 *   helper, which waits for it.
 * - `start`: an operation was started whose answer it has not read. Only a batch may come then; it is not done when that fails.
 */
export type AfterRequest = readonly [typeof AFTER, earlier: readonly Earlier[], OperationRequest | BatchRequest];
/** `index` counts from 0; `error` is the case of the error enum of the operation's interface. */
export type BatchAnswer =
  | { readonly ok: null }
  | { readonly err: { readonly index: number; readonly operation: string; readonly error: string } };

/** The only export whose verbs get the container's namespace. Source: wit/attachment.wit. */
export const EXPORT_WITH_NAMESPACE = "attachment";

export interface CallFrame {
  readonly type: "call";
  readonly callId: string;
  readonly export: string;
  /** `add`, `del`, `check`, `status` or `gc`. */
  readonly verb: string;
  /** The WIT record `request`, or `network-request`. */
  readonly request: unknown;
  /** The list that `network.gc` gets; `undefined` with every other verb. */
  readonly valid?: readonly { readonly containerId: string; readonly ifname: string }[] | undefined;
  readonly containerHandle: number;
  /** Whether the answer of the IPAM plugin's `add` comes without a question, as an `ipam-ahead`: always one, before the next call. */
  readonly isIpamAhead: boolean;
}

/** Instances of one sandbox that are ready at the same time. */
export const INSTANCES_READY_MAX = 2;

export type HostToSandbox =
  | CallFrame
  /** While no call is open: one more instance is to be made ready, unless there are enough. */
  | { readonly type: "prepare" }
  | { readonly type: "ipam-answer"; readonly ok: unknown }
  | { readonly type: "ipam-answer"; readonly err: PluginError }
  | { readonly type: "ipam-ahead"; readonly ok: unknown }
  | { readonly type: "ipam-ahead"; readonly err: PluginError };

/** The WIT record `plugin-error`. */
export interface PluginError {
  readonly code: number;
  readonly message: string;
  readonly details?: string | undefined;
}

export type SandboxToHost =
  | { readonly type: "ready"; readonly loadMicroseconds: number }
  /** From the helper, before there is a sandbox, with the kind of its reason; from a sandbox without. */
  | { readonly type: "failed"; readonly message: string; readonly kind?: string | undefined }
  | { readonly type: "log"; readonly level: LogLine["level"]; readonly message: string }
  | { readonly type: "ipam"; readonly verb: "add" | "del" | "check" | "status" }
  | ResultFrame;

export interface ResultFrame {
  readonly type: "result";
  readonly callId: string;
  readonly outcome:
    | { readonly ok: unknown }
    | { readonly err: PluginError }
    | { readonly trap: string }
    | { readonly limit: string };
  /** Whether the guest took the answer that came unasked. */
  readonly tookIpam: boolean;
  readonly hostCalls: number;
  readonly instantiateMicroseconds: number;
  readonly guestMicroseconds: number;
}
