/**
 * @module Hands one call to the warm host of the caller's namespaces, and starts one where there is none.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";
import { encodeRequest, readAnswer } from "../daemon/frames.ts";
import { ANSWER_TIMEOUT_MS, GREETING, GREETING_TIMEOUT_MS } from "../daemon/protocol.ts";
import type { WarmAnswer, WarmRequest } from "../daemon/protocol.ts";
import { failureOf } from "./failure.ts";

/** How often a call may find nobody, or one that was just leaving. One more is a fault, not a race. */
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
  const bytes = encodeRequest(request);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const answer = await converse(bytes, options);
    if (answer === "absent") await options.start();
    else if (answer !== "left") return answer;
  }
  throw failureOf("none-started");
}

/**
 * Connects, asks, and gives the answer. The request is sent along, before the greeting has come: a warm host greets before it
 * reads, so that without a greeting nothing was done.
 * @returns `absent` when nobody listens, `left` when the other side ended without a greeting.
 */
function converse(request: Buffer, options: CallOptions): Promise<WarmAnswer | "absent" | "left"> {
  const { greetingTimeoutMs = GREETING_TIMEOUT_MS, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({ path: options.socketPath, allowHalfOpen: true });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    let received: Buffer = Buffer.alloc(0);
    let isGreeted = false;
    let timer = setTimeout(() => fail(failureOf("silent-greeting")), greetingTimeoutMs);
    socket.write(request);
    socket.on("data", (chunk: Buffer) => {
      received = received.byteLength === 0 ? chunk : Buffer.concat([received, chunk]);
      if (!isGreeted) {
        const rest = takeGreeting(received);
        if (rest === undefined) return;
        if (rest === "other") return fail(failureOf("other-protocol"));
        isGreeted = true;
        received = rest;
        clearTimeout(timer);
        timer = setTimeout(() => fail(failureOf("silent-answer")), answerTimeoutMs);
      }
      const answer = readAnswerOr(received);
      if (answer === undefined) return;
      // Nothing is left to wait for, not even the other side's end.
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    });
    onEnd(socket, (cause) => {
      clearTimeout(timer);
      socket.destroy();
      if (isGreeted) reject(failureOf("ended"));
      else if (cause === undefined || cause.code === "ECONNRESET" || cause.code === "EPIPE") resolve("left");
      else if (cause.code === "ENOENT" || cause.code === "ECONNREFUSED") resolve("absent");
      else reject(failureOf("unreachable", cause));
    });
  });
}

/** Tells once that the other side is gone, or was never reached. */
function onEnd(socket: Socket, tell: (cause: NodeJS.ErrnoException | undefined) => void): void {
  let cause: NodeJS.ErrnoException | undefined;
  socket.on("error", (error) => (cause ??= error));
  socket.on("end", () => socket.destroy());
  socket.on("close", () => tell(cause));
}

/** Takes the greeting off; `undefined` while it is not whole. */
function takeGreeting(received: Buffer): Buffer | "other" | undefined {
  const begin = received.toString("latin1", 0, GREETING.length);
  if (begin === GREETING) return received.subarray(GREETING.length);
  return GREETING.startsWith(begin) ? undefined : "other";
}

/** Reads the answer; `undefined` when it is not whole. One of another form never becomes whole. */
function readAnswerOr(received: Buffer): WarmAnswer | undefined {
  try {
    return readAnswer(received);
  } catch {
    return undefined;
  }
}
