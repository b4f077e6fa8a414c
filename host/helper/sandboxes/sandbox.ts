/**
 * @module Starts fenced processes: fixed program, fixed arguments, empty environment.
 */
import type { Socket } from "node:net";
import type { Locks } from "../locks.ts";
import type { Isolation } from "../state-directory.ts";
import type { SandboxRoot } from "./sandbox-root.ts";

/** How to start a fenced process. */
export interface FenceOptions {
  readonly root: SandboxRoot;
  /** Descriptor that becomes the process's descriptor 3; O_NONBLOCK cleared. The caller closes its own copy after the start. */
  readonly control: number;
  readonly isolation: Isolation;
  /** Where the uid is reserved. */
  readonly locks: Locks;
}

/** How a process ended: one of the two is given. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A fenced process. */
export interface FencedProcess {
  /** Of the outermost process; killing it takes the others with it. */
  readonly pid: number;
  /** Its own uid; `undefined`: shared, reduced isolation. */
  readonly uid: number | undefined;
  /** Kills it. Done when `exited` settles. */
  kill(): void;
  readonly exited: Promise<Exit>;
  /** The last of what it wrote to its standard output and error: for the log, untrusted text. */
  output(): string;
}

/** A sandbox. */
export interface StartedSandbox extends FencedProcess {
  /** The helper's end of the private channel, the sandbox's descriptor 4. */
  readonly private: Socket;
}

/**
 * Starts a sandbox.
 * @throws {CniError} missingFeature when a tool is not installed.
 */
export function startSandbox(options: FenceOptions): StartedSandbox {
  throw new Error(`unreachable: ${options.root.path}`);
}

/**
 * Starts a transpiler: the same fence, more memory, no private channel. What it reads and writes is on `control`.
 * @throws {CniError} missingFeature when a tool is not installed.
 */
export function startTranspiler(options: FenceOptions): FencedProcess {
  throw new Error(`unreachable: ${options.root.path}`);
}
