/**
 * @module Hands one call to the warm host of the caller's namespaces, and starts one where there is none.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { ANSWER_TIMEOUT_MS, GREETING_TIMEOUT_MS, WARM_PROTOCOL_VERSION } from "../daemon/protocol.ts";
import type { Greeting, WarmAnswer, WarmRequest } from "../daemon/protocol.ts";
import { CniError } from "../spec/error.ts";

/** How often a call may find nobody, or one that was just leaving. A third time is a fault, not a race. */
const ATTEMPTS = 4;

/** What the call needs from outside. */
export interface CallOptions {
  readonly socketPath: string;
  /** Starts a warm host and waits until it listens, or until it finds that another one does. */
  readonly start: () => Promise<void>;
  readonly greetingTimeoutMs?: number;
  readonly answerTimeoutMs?: number;
}

/**
 * Makes one call. Never a second path: a socket that is there and silent is an error.
 * @throws {CniError} tryAgainLater when a warm host is there and silent.
 * @throws {CniError} helperFailed when none can be started, or it ended during the call.
 */
export async function callWarmHost(request: WarmRequest, options: CallOptions): Promise<WarmAnswer> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const socket = await tryConnect(options.socketPath);
    if (socket === undefined) {
      await options.start();
      continue;
    }
    const answer = await converse(socket, request, options);
    if (answer !== undefined) return answer;
  }
  throw new CniError("helperFailed", "no warm host could be started", {
    details: `want one that listens on ${JSON.stringify(options.socketPath)}`,
  });
}

/** Connects; `undefined` when nobody listens. */
function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else
        reject(
          new CniError("tryAgainLater", "the warm host cannot be reached", { details: error.message, cause: error }),
        );
    });
  });
}

/** Waits for the greeting, asks, and gives the answer; `undefined` when the other side left without a greeting. */
function converse(socket: Socket, request: WarmRequest, options: CallOptions): Promise<WarmAnswer | undefined> {
  const { greetingTimeoutMs = GREETING_TIMEOUT_MS, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    let text = "";
    let isGreeted = false;
    const fail = (error: CniError): void => {
      socket.destroy();
      reject(error);
    };
    const silent = (ms: number): void =>
      fail(new CniError("tryAgainLater", "the warm host is silent", { details: `no word within ${ms} ms` }));
    let timer = setTimeout(silent, greetingTimeoutMs, greetingTimeoutMs);
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (isGreeted || end < 0) return;
      isGreeted = true;
      clearTimeout(timer);
      timer = setTimeout(silent, answerTimeoutMs, answerTimeoutMs);
      if (!isOwnProtocol(text.slice(0, end)))
        return fail(new CniError("helperFailed", "the warm host speaks another protocol"));
      text = text.slice(end + 1);
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on("error", () => socket.destroy());
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(timer);
      if (!isGreeted) return resolve(undefined);
      const answer = parseAnswer(text);
      if (answer === undefined)
        fail(
          new CniError("helperFailed", "the warm host ended during the call", {
            details: "what it did is undone; DEL makes sure of it",
          }),
        );
      else resolve(answer);
    });
  });
}

function isOwnProtocol(line: string): boolean {
  return (JSON.parse(line) as Greeting).protocol === WARM_PROTOCOL_VERSION;
}

function parseAnswer(text: string): WarmAnswer | undefined {
  try {
    return JSON.parse(text) as WarmAnswer;
  } catch {
    return undefined;
  }
}
