/**
 * @module The host's conversation with the helper over one connected socket: requests, answers, and the end of both.
 *
 * Trusts: the helper, which is root's. Bounds what it reads all the same.
 */
import type { Socket } from "node:net";
import { withinPoints } from "../spec/fault-points.ts";
import { CniError, ERROR_CODES } from "../spec/error.ts";
import type { CniErrorKind } from "../spec/error.ts";
import { CONTROL_FRAME_MAX_BYTES, FrameReader, encodeFrame } from "./frames.ts";
import type { ControlAnswer, ControlMethod, ControlMethods, ControlRequest } from "./protocol.ts";

/** Sends requests and gives their answers; any number at a time. */
export interface Conversation {
  /**
   * Sends a request and gives its answer. `onSent` is told when it is on its way: what is said elsewhere from then on comes later.
   * @throws {CniError} of the kind that the helper answered.
   * @throws {CniError} helperFailed when the connection ends first.
   */
  readonly request: <M extends ControlMethod>(
    method: M,
    params: ControlMethods[M]["params"],
    onSent?: () => void,
  ) => Promise<ControlMethods[M]["result"]>;
  /** Settles when the connection is over, with why. Never rejects. */
  readonly closed: Promise<CniError>;
  /** Ends the connection; what waits is rejected with `why`. */
  readonly end: (why: string) => void;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: CniError) => void;
}

/**
 * Starts the conversation. The opening frame has been sent already. `lastWords` says, once the connection is over, how the helper
 * ended; it does not reject.
 */
export function openConversation(socket: Socket, lastWords: () => Promise<string> = async () => ""): Conversation {
  const waiting = new Map<number, Waiting>();
  const reader = new FrameReader(CONTROL_FRAME_MAX_BYTES);
  const { promise: closed, resolve: settle } = Promise.withResolvers<CniError>();
  let lastId = 0;
  let reason: CniError | undefined;

  const fail = (error: CniError): void => {
    if (reason !== undefined) return;
    reason = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    socket.destroy();
    settle(error);
  };
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const answer of reader.push(chunk)) settleAnswer(waiting, answer as ControlAnswer);
    } catch (cause) {
      fail(new CniError("helperFailed", "the helper broke the protocol", { cause }));
    }
  });
  socket.on("error", (cause) => fail(new CniError("helperFailed", "the connection to the helper failed", { cause })));
  socket.on("close", () => {
    if (reason !== undefined) return;
    void lastWords().then((details) => fail(new CniError("helperFailed", "the helper ended", { details })));
  });

  return {
    closed,
    end: (why) => fail(new CniError("helperFailed", why)),
    request: (method, params, onSent) => {
      if (reason !== undefined) return Promise.reject(reason);
      lastId += 1;
      const request: ControlRequest = { id: lastId, method, params };
      return withinPoints(
        "host.request",
        method,
        () =>
          new Promise((resolve, reject) => {
            waiting.set(request.id, { resolve: resolve as (result: unknown) => void, reject });
            writeTogether(socket, encodeFrame(request), onSent);
          }),
      );
    },
  };
}

/** Writes a frame; those of one turn of the event loop go in one write, and wake the helper once. */
function writeTogether(socket: Socket, frame: Uint8Array, onSent: (() => void) | undefined): void {
  if (socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  // What could not be sent is told to who waits for the answer.
  socket.write(frame, onSent === undefined ? undefined : (error) => (error ? undefined : onSent()));
}

function settleAnswer(waiting: Map<number, Waiting>, answer: ControlAnswer): void {
  const request = waiting.get(answer.id);
  if (request === undefined) throw new Error(`answer to a request that was not made: ${answer.id}`);
  waiting.delete(answer.id);
  if ("error" in answer) request.reject(parseHelperError(answer.error));
  else request.resolve(answer.result);
}

/** Gives the error that the helper sent as a {@link CniError}; one of an unknown kind is `helperFailed`. */
export function parseHelperError(error: {
  readonly kind: string;
  readonly code?: number;
  readonly message: string;
  readonly details?: string | undefined;
}): CniError {
  const isKnown = Object.hasOwn(ERROR_CODES, error.kind);
  return new CniError(isKnown ? (error.kind as CniErrorKind) : "helperFailed", error.message, {
    ...(error.code === undefined ? {} : { code: error.code }),
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}
