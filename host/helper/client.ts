/**
 * @module Starts the helper and talks to it. The only part of `helper/` that other folders load, besides the protocol.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { CniError } from "../spec/error.ts";
import { withinPoints } from "../spec/fault-points.ts";
import { openConversation, parseHelperError } from "./client-connection.ts";
import type { Conversation } from "./client-connection.ts";
import { connectTo } from "./connect.ts";
import { PROTOCOL_VERSION } from "./protocol.ts";
import type { Opening } from "./protocol.ts";

/** Linux capabilities that the helper keeps, in its bounding set and so in its effective one. Source: design.md, section 1. */
export const HELPER_CAPABILITIES = [
  "net_admin",
  "net_raw",
  "sys_admin",
  "setuid",
  "setgid",
  "setpcap",
  "kill",
  "sys_chroot",
  "sys_ptrace",
] as const;

/** Where setpriv of util-linux is. Not searched on a PATH: root does not run what an environment names. */
const SETPRIV_PATHS = ["/usr/bin/setpriv", "/bin/setpriv", "/usr/sbin/setpriv", "/sbin/setpriv"];
/** Most of the helper's stderr that is kept, in characters. */
const STDERR_MAX_CHARACTERS = 8_192;
/** How long a helper may take to listen, recovery of what was left behind included. */
const START_TIMEOUT_MS = 30_000;
/** How long the last words of a helper that did not start, or ended, are waited for. */
const STDERR_WAIT_MS = 500;
/** How long an ending helper may take, the undoing of open operations included, before it is killed. */
const EXIT_TIMEOUT_MS = 15_000;

/** How to start the helper. */
export interface HelperOptions {
  /** Absolute path of the state directory. */
  readonly stateDir: string;
  /** Node binary that runs it. */
  readonly nodePath: string;
  /** The helper's bundle, or an entry file of a test. */
  readonly helperEntry: string;
  /** What to put after the state directory. @default [] */
  readonly helperArguments?: readonly string[];
}

/** A helper that runs. */
export interface HelperClient {
  readonly pid: number;
  readonly request: Conversation["request"];
  /**
   * Opens another connection to the helper and sends its first frame: the control channel of a new sandbox.
   * @throws {CniError} helperFailed when the helper does not listen any more.
   */
  readonly openChannel: (opening: Opening) => Promise<Socket>;
  /** Settles when the helper is gone or unusable, with why. Never rejects. */
  readonly closed: Promise<CniError>;
  /** Last of what the helper wrote to its stderr. */
  readonly stderr: () => string;
  /** Ends the helper, which undoes what is open, and waits until its process is gone. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

/**
 * Starts a helper with an empty environment and the Linux capabilities it needs, and waits until it listens.
 * @throws {CniError} missingFeature when there is no setpriv.
 * @throws {CniError} of the kind that the helper gives as its reason: `stateUnusable`, `missingFeature`.
 * @throws {CniError} helperFailed when it ends, or is silent for too long.
 */
export function startHelper(options: HelperOptions): Promise<HelperClient> {
  return withinPoints("host.start-helper", "", () => start(options));
}

async function start(options: HelperOptions): Promise<HelperClient> {
  const child = spawnHelper(options);
  const stderr = keepTail(child.stderr);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const stop = (): Promise<void> => stopHelper(child, exited);
  try {
    const socketPath = await readSocketPath(child, stderr);
    const openChannel = (opening: Opening): Promise<Socket> => connectTo(socketPath, opening);
    const lastWords = async (): Promise<string> => {
      await Promise.race([exited, sleep(STDERR_WAIT_MS)]);
      return [describeExit(child), stderr().trim()].filter((text) => text !== "").join("\n");
    };
    const conversation = openConversation(await openChannel({ role: "host", protocol: PROTOCOL_VERSION }), lastWords);
    return {
      pid: child.pid ?? 0,
      request: conversation.request,
      openChannel,
      closed: conversation.closed,
      stderr,
      [Symbol.asyncDispose]: async () => {
        conversation.end("the host was closed");
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Gives the helper's command line: its arguments are fixed but for the state directory. */
export function helperCommand({ stateDir, nodePath, helperEntry, helperArguments = [] }: HelperOptions): string[] {
  const bounding = HELPER_CAPABILITIES.map((name) => `+${name}`).join(",");
  return [
    "--inh-caps=-all",
    `--bounding-set=-all,${bounding}`,
    "--",
    nodePath,
    "--disable-warning=ExperimentalWarning",
    helperEntry,
    "--state-dir",
    stateDir,
    ...helperArguments,
  ];
}

function spawnHelper(options: HelperOptions): ChildProcess {
  const setpriv = SETPRIV_PATHS.find((path) => existsSync(path));
  if (setpriv === undefined) {
    throw new CniError("missingFeature", "setpriv is not installed", {
      details: `want it at ${SETPRIV_PATHS.join(" or ")} (package util-linux)`,
    });
  }
  return spawn(setpriv, helperCommand(options), { env: {}, cwd: "/", stdio: ["ignore", "ignore", "pipe", "pipe"] });
}

/** Reads the one line that the helper writes when it listens. */
async function readSocketPath(child: ChildProcess, stderr: () => string): Promise<string> {
  const line = await firstLine(child);
  if (line === undefined) {
    await Promise.race([once(child, "close"), sleep(STDERR_WAIT_MS)]);
    throw new CniError("helperFailed", "the helper did not start", {
      details: stderr().trim() || `no line within ${START_TIMEOUT_MS} ms`,
    });
  }
  const said = JSON.parse(line) as { socket: string } | { error: Parameters<typeof parseHelperError>[0] };
  if ("error" in said) throw parseHelperError(said.error);
  return said.socket;
}

/** Gives the first line on descriptor 3; `undefined` when the helper ends or is silent for too long. */
function firstLine(child: ChildProcess): Promise<string | undefined> {
  const pipe = child.stdio[3] as Readable;
  return new Promise((resolve) => {
    let text = "";
    const timer = setTimeout(() => resolve(undefined), START_TIMEOUT_MS);
    const settle = (line: string | undefined): void => {
      clearTimeout(timer);
      resolve(line);
    };
    pipe.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const end = text.indexOf("\n");
      if (end >= 0) settle(text.slice(0, end));
    });
    // The pipe stays open for the helper's whole life: its end is how the helper notices that the host is gone.
    pipe.on("error", () => settle(undefined));
    pipe.on("close", () => settle(undefined));
    child.once("error", () => settle(undefined));
  });
}

/** Says how a process ended; `""`: it did not. */
function describeExit({ exitCode, signalCode }: ChildProcess): string {
  if (signalCode !== null) return `it was killed by ${signalCode}`;
  return exitCode === null ? "" : `it exited with ${exitCode}`;
}

/** Keeps the last of a stream, as text. */
function keepTail(stream: Readable | null): () => string {
  let text = "";
  stream?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(-STDERR_MAX_CHARACTERS);
  });
  return () => text;
}

/** Ends the pipe that the helper watches, waits for it, and kills it where that does not help. */
async function stopHelper(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.pid === undefined) return;
  (child.stdio[3] as Socket).destroy();
  const timer = setTimeout(() => child.kill("SIGKILL"), EXIT_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
  child.stderr?.destroy();
}
