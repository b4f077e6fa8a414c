/**
 * @module How a call went, as far as the host's end of its sandbox knows.
 */
import type { LogLine } from "../helper/protocol.ts";
import type { CallFrame, PluginError, ResultFrame } from "../helper/sandbox-protocol.ts";

/** What an IPAM plugin answered. */
export type IpamAnswer = { readonly ok: unknown } | { readonly err: PluginError };
/** Answers a guest's question to the network's IPAM plugin. Does not reject. */
export type AnswerIpam = (verb: "add" | "del" | "check" | "status") => Promise<IpamAnswer>;

/** How a call went. */
export interface CallReport {
  /** A missed deadline is a `limit`, a sandbox that died or broke the protocol a `trap`. */
  readonly result: ResultFrame;
  readonly log: readonly LogLine[];
  /** Whether it came to a result; or its sandbox was killed by us before, or lost: somebody else killed it, or it fell. */
  readonly ending: "result" | "killed" | "lost";
  /** From the call's frame to its result. */
  readonly callMicroseconds: number;
}

/** What is reported of a call without a result. */
export type Fault = { readonly limit: string } | { readonly trap: string };

/** What the log may hold over the limit before the sandbox is killed: it counts what it drops, once. */
const LOG_SLACK_BYTES = 4_096;
/** What a line counts over its text. */
const LOG_LINE_OVERHEAD_BYTES = 32;

/** A call that is open. */
export interface OpenCall {
  readonly frame: CallFrame;
  readonly answerIpam: AnswerIpam;
  readonly log: LogLine[];
  readonly settle: (outcome: { readonly result: ResultFrame } | { readonly died: string }) => void;
  logBytes: number;
  isAsking: boolean;
  /** The answer of the IPAM plugin is still to be sent, unasked. */
  isIpamOwed: boolean;
}

/** Keeps a line of the log; `false`: the sandbox sends more than it may. */
export function keepLog(call: OpenCall, { level, message }: LogLine, maxBytes: number): boolean {
  call.logBytes += Buffer.byteLength(message) + LOG_LINE_OVERHEAD_BYTES;
  if (call.logBytes > maxBytes + LOG_SLACK_BYTES) return false;
  call.log.push({ level, message });
  return true;
}

/** Gives the result of a call whose sandbox gave none. */
export function faultResult(frame: CallFrame, outcome: Fault, microseconds: number): ResultFrame {
  return {
    type: "result",
    callId: frame.callId,
    outcome,
    tookIpam: false,
    hostCalls: 0,
    instantiateMicroseconds: 0,
    guestMicroseconds: microseconds,
  };
}
