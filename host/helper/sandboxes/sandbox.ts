/**
 * @module Starts fenced processes: fixed program, fixed arguments, empty environment.
 */
import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { markAllCloseOnExec } from "../../kernel/close-on-exec.ts";
import { joinNewSessionKeyring } from "../../kernel/keyring.ts";
import { CniError } from "../../spec/error.ts";
import type { HeldLock, Locks } from "../locks.ts";
import type { Isolation } from "../state-directory.ts";
import { fenceCommand } from "./fence.ts";
import type { FencedRole } from "./fence.ts";
import { OutputTail } from "./output-tail.ts";
import type { SandboxRoot } from "./sandbox-root.ts";
import { SwiftSocket } from "./swift-socket.ts";
import { findTool } from "./tools.ts";

/** How to start a fenced process. */
export interface FenceOptions {
  readonly root: Pick<SandboxRoot, "path">;
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
  /** Settles when no process of it is left. Never rejects. */
  readonly exited: Promise<Exit>;
  /** The last of what it wrote to its standard output and error: for the log, untrusted text. */
  output(): string;
}

/** A sandbox. */
export interface StartedSandbox extends FencedProcess {
  /** The helper's end of the private channel, the sandbox's descriptor 4. */
  readonly private: SwiftSocket;
}

/**
 * First uid that sandboxes get, and how many there are: far above login and container ranges, below 2^31.
 * Source: systemd, docs/UIDS-GIDS.md, "unused" from 1879048192.
 */
const FIRST_UID = 1_900_000_000;
const UID_COUNT = 2 ** 27;
/** Uids that are tried. One is taken by chance with a likelihood of sandboxes / 2^27. */
const UID_ATTEMPTS = 8;

/** Descriptor of the private channel in the sandbox. */
const PRIVATE_FD = 4;

/**
 * Starts a sandbox.
 * @throws {CniError} missingFeature when a tool is not installed; helperFailed when no process can be started.
 */
export function startSandbox(options: FenceOptions): StartedSandbox {
  const { child, fenced } = start("sandbox", options, ["ignore", "pipe", "pipe", options.control, "pipe"]);
  const channel = child.stdio[PRIVATE_FD];
  if (!(channel instanceof Socket)) throw new Error("unreachable: the private channel is no socket");
  return { ...fenced, private: SwiftSocket.takeOver(channel) };
}

/**
 * Starts a transpiler: the same fence, more memory, no private channel. What it reads and writes is on `control`.
 * @throws {CniError} missingFeature when a tool is not installed; helperFailed when no process can be started.
 */
export function startTranspiler(options: FenceOptions): FencedProcess {
  return start("transpiler", options, ["ignore", "pipe", "pipe", options.control]).fenced;
}

function start(
  role: FencedRole,
  { root, isolation, locks }: FenceOptions,
  stdio: StdioOptions,
): { child: ChildProcess; fenced: FencedProcess } {
  const reserved = isolation === "full" ? reserveUid(locks) : undefined;
  const [program = "", ...args] = fenceCommand({
    role,
    rootPath: root.path,
    isolation,
    uid: reserved?.uid,
    pathOf: findTool,
  });
  // What a runtime left open in its own children, the host and so this helper among them, is no sandbox's.
  markAllCloseOnExec();
  // Nor are keys of the session that the host was started from, or of the sandbox before.
  joinNewSessionKeyring();
  // A session of its own: no terminal, and one signal reaches every process of the chain, whichever has started.
  const child = spawn(program, args, { env: {}, cwd: "/", stdio, detached: true });
  const exited = exitOf(child).finally(() => reserved?.lock.release());
  const { pid } = child;
  if (pid === undefined) {
    throw new CniError("helperFailed", `cannot start a ${role}`, {
      details: `${program} was not started: no process or no memory left`,
    });
  }
  const tail = new OutputTail();
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) tail.follow(stream);
  return {
    child,
    fenced: { pid, uid: reserved?.uid, kill: () => killAll(child, pid), exited, output: () => tail.text() },
  };
}

/** Reserves a uid that no other sandbox of any helper of this state directory has. */
function reserveUid(locks: Locks): { readonly uid: number; readonly lock: HeldLock } {
  for (let attempt = 0; attempt < UID_ATTEMPTS; attempt++) {
    const uid = FIRST_UID + randomInt(UID_COUNT);
    const lock = locks.uid(uid);
    if (lock !== undefined) return { uid, lock };
  }
  throw new CniError("helperFailed", "no uid is free for a sandbox", {
    details: `tried ${UID_ATTEMPTS} of ${UID_COUNT}`,
  });
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
}

/**
 * Kills the innermost process, which is the first of its PID namespace and takes all others there with it; its parent reaps it
 * and ends. Before there is one, whatever part of the chain runs.
 */
function killAll(child: ChildProcess, pid: number): void {
  // Once it is reaped its number may be another process's.
  if (child.exitCode !== null || child.signalCode !== null) return;
  const innermost = innermostOf(pid);
  if (innermost !== undefined && isKilled(innermost)) return;
  if (!isKilled(-pid)) child.kill("SIGKILL");
}

function isKilled(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

/** The child of `unshare`; `undefined`: there is none (yet). Source: proc(5), /proc/pid/task/tid/children. */
function innermostOf(pid: number): number | undefined {
  try {
    const first = /^\d+/u.exec(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"))?.[0];
    return first === undefined ? undefined : Number(first);
  } catch {
    return undefined;
  }
}
