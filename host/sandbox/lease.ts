/**
 * @module A sandbox, lent for one call.
 */
import type { CallFrame } from "../helper/sandbox-protocol.ts";
import type { AnswerIpam, CallReport, IpamAnswer } from "./call-report.ts";
import type { SandboxConnection } from "./connection.ts";

/** A sandbox, lent for one call. */
export interface SandboxLease {
  readonly sandboxId: string;
  /** Time spent waiting for a sandbox to be free or to start; 0 when one was idle. */
  readonly waitMicroseconds: number;
  /** Whether it had to be started for this call. */
  readonly cold: boolean;
  /** Makes the call. Never rejects: what goes wrong with the guest is in the report. */
  call(frame: CallFrame, answerIpam: AnswerIpam): Promise<CallReport>;
  /** Gives the call that is made the IPAM plugin's answer, where its frame says that it comes unasked. */
  giveIpam(answer: IpamAnswer): void;
  /** Has the sandbox killed: the call that is made on it, or the next, reports it. */
  kill(reason: string): void;
}

/** A sandbox, lent until the lease is disposed of. */
export interface OpenLease extends SandboxLease, Disposable {}

/** How a sandbox came to be lent, and where it goes. */
export interface Lending {
  readonly waitMicroseconds: number;
  readonly isCold: boolean;
  /** Takes the sandbox back; told once. */
  readonly putBack: () => void;
}

/** Lends a sandbox. */
export function lend(sandbox: SandboxConnection, { waitMicroseconds, isCold, putBack }: Lending): OpenLease {
  let isOver = false;
  return {
    sandboxId: sandbox.sandboxId,
    waitMicroseconds,
    cold: isCold,
    call: (frame, answerIpam) => sandbox.call(frame, answerIpam),
    giveIpam: (answer) => sandbox.giveIpam(answer),
    kill: (reason) => void sandbox.kill(reason),
    [Symbol.dispose]: () => {
      if (!isOver) putBack();
      isOver = true;
    },
  };
}
