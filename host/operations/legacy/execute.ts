/**
 * @module Runs one executable: bounded in time and in what it may say.
 */

import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { CniError } from "../../spec/error.ts";

/** How long an executable may take. Source: kubelet's `runtimeRequestTimeout`, 2 minutes. */
export const LEGACY_DEADLINE_MS = 120_000;
/** Most that may come on stdout. A result has a few hundred bytes. */
export const STDOUT_MAX_BYTES = 1024 * 1024;
/** Most of stderr that is kept: the last of it. */
const STDERR_KEPT_BYTES = 16 * 1024;
/** How often, and how long apart, an executable that somebody is writing to is tried again. */
const BUSY_ATTEMPTS = 20;
const BUSY_PAUSE_MS = 250;
/** How long output is waited for after the end of an executable that left a child behind, which holds its descriptors. */
const DRAIN_MS = 500;

/** What to run. */
export interface Execution {
  /** Names it in errors: such as `plugin "dhcp"`. */
  readonly who: string;
  /** Absolute. */
  readonly path: string;
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** @default {@link LEGACY_DEADLINE_MS} */
  readonly deadlineMs?: number | undefined;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

/** What is left of it. */
export interface Executed {
  /** `undefined`: a signal ended it. */
  readonly exitCode: number | undefined;
  /** Signal that ended it, such as `SIGSEGV`. */
  readonly signal: string | undefined;
  readonly stdout: string;
  /** The last of it. */
  readonly stderr: string;
}

/**
 * Runs an executable to its end, in a process group of its own. It is killed with its group when it takes too long, says too much, or whoever
 * called is gone.
 * @throws {CniError} ioFailure when it cannot be started, also when somebody was writing to it for as long as it was tried: libcni takes
 * that for a success.
 * @throws {CniError} limitExceeded, tryAgainLater when it was killed.
 */
export async function execute(execution: Execution): Promise<Executed> {
  for (let attempt = 1; ; attempt++) {
    if (execution.signal?.aborted === true) throw endedEarly();
    try {
      return await runOnce(execution);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      if (errnoOf(error) !== "ETXTBSY" || attempt === BUSY_ATTEMPTS) throw notStarted(execution, error);
    }
    await sleep(BUSY_PAUSE_MS);
  }
}

async function runOnce(execution: Execution): Promise<Executed> {
  const { path, environment, stdin, deadlineMs = LEGACY_DEADLINE_MS, signal, who } = execution;
  const child = spawn(path, [], { env: environment, cwd: "/", detached: true, stdio: "pipe" });
  let killedFor: CniError | undefined;
  const kill = (why: CniError): void => {
    killedFor ??= why;
    killGroup(child);
  };
  const abort = (): void => kill(endedEarly());
  const timer = setTimeout(() => kill(tooSlow(who, deadlineMs)), deadlineMs);
  signal?.addEventListener("abort", abort);
  try {
    const output = collectOutput(child, () => kill(tooMuch(who)));
    // One that does not read its stdin is no error.
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    const { exitCode, signal: endedBy } = await ended(child);
    if (killedFor !== undefined) throw killedFor;
    return { exitCode: exitCode ?? undefined, signal: endedBy ?? undefined, ...output() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** Waits for the end of the process and of its output. Rejects when it was not started. */
function ended(
  child: ChildProcessWithoutNullStreams,
): Promise<{ readonly exitCode: number | null; readonly signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (exitCode, signal) => {
      const drained = (): void => {
        clearTimeout(timer);
        for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
        resolve({ exitCode, signal });
      };
      // What it wrote itself is in the pipes already.
      const timer = setTimeout(drained, DRAIN_MS);
      child.once("close", drained);
    });
  });
}

function collectOutput(
  { stdout, stderr }: ChildProcessWithoutNullStreams,
  onTooMuch: () => void,
): () => Pick<Executed, "stdout" | "stderr"> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let tail: Buffer = Buffer.alloc(0);
  stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > STDOUT_MAX_BYTES) onTooMuch();
    else chunks.push(chunk);
  });
  stderr.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-STDERR_KEPT_BYTES);
  });
  return () => ({ stdout: Buffer.concat(chunks).toString("utf8"), stderr: tail.toString("utf8") });
}

/** Kills the process and what it started. */
function killGroup({ pid }: ChildProcessWithoutNullStreams): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}

function endedEarly(): CniError {
  return new CniError("tryAgainLater", "whoever called ended the call early");
}

function tooSlow(who: string, deadlineMs: number): CniError {
  return new CniError("limitExceeded", `${who} did not end within ${deadlineMs} ms and was killed`);
}

function tooMuch(who: string): CniError {
  return new CniError("limitExceeded", `${who} wrote more than ${STDOUT_MAX_BYTES} bytes to its stdout and was killed`);
}

function notStarted({ who, path }: Execution, cause: unknown): CniError {
  const errno = errnoOf(cause) ?? "";
  return new CniError("ioFailure", `${who} could not be started: ${errno}`, {
    details: errno === "ETXTBSY" ? `somebody is writing to ${JSON.stringify(path)}` : `of ${JSON.stringify(path)}`,
    cause,
  });
}

/** Gives the errno of a start that failed; `undefined`: another error. */
function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error ? String(error.code) : undefined;
}
