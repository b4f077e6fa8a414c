/**
 * @module Serves calls on a unix socket, one a connection, and says when there has been nothing to do for long enough.
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { CniError } from "../spec/error.ts";
import { encodeAnswer, readRequest } from "./frames.ts";
import { errorAnswer } from "./error-answer.ts";
import { GREETING } from "./protocol.ts";
import type { WarmAnswer, WarmRequest } from "./protocol.ts";

/** What the server needs from outside. */
export interface CallServerOptions {
  /** Namespaces of this process. A caller from others is refused. */
  readonly surroundings: string;
  /** Performs a call, until the caller is gone. Reports failures in its answer; one that rejects is a mistake and ends the connection. */
  readonly perform: (request: WarmRequest, signal: AbortSignal) => Promise<WarmAnswer>;
  /** Time without a call after which {@link CallServer.idle} settles. */
  readonly lingerMs: number;
  /** The same for a server that had no call yet: whoever started it is about to call. */
  readonly firstLingerMs: number;
}

/** A server, not yet bound. */
export interface CallServer {
  readonly server: Server;
  /** Settles when there was no call for long enough. */
  readonly idle: Promise<void>;
}

/** Makes the server. The caller binds it. */
export function createCallServer(options: CallServerOptions): CallServer {
  const { promise: idle, resolve: settleIdle } = Promise.withResolvers<void>();
  let open = 0;
  let timer = setTimeout(settleIdle, options.firstLingerMs);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open += 1;
    clearTimeout(timer);
    socket.once("close", () => {
      open -= 1;
      if (open === 0) timer = setTimeout(settleIdle, options.lingerMs);
    });
    serveOne(socket, options);
  });
  return { server, idle };
}

/** Greets before anything is read: whoever was not greeted knows that nothing was done. */
function serveOne(socket: Socket, options: CallServerOptions): void {
  const caller = new AbortController();
  let received: Buffer = Buffer.alloc(0);
  let isAsked = false;
  socket.write(GREETING);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    received = received.byteLength === 0 ? chunk : Buffer.concat([received, chunk]);
    const request = isAsked ? "more" : readRequestOr(received);
    if (request === undefined) return;
    if (typeof request === "string") return void socket.destroy();
    isAsked = true;
    answer(request, options, caller.signal).then(
      (bytes) => socket.end(bytes),
      () => socket.destroy(),
    );
  });
  socket.on("end", () => {
    // The call goes on until it is undone: until then there is something to do.
    if (isAsked) caller.abort();
    else socket.destroy();
  });
  socket.on("close", () => caller.abort());
}

/** Reads a request; `undefined` while bytes are missing, a text when it is none. */
function readRequestOr(received: Buffer): WarmRequest | undefined | string {
  try {
    return readRequest(received);
  } catch (error) {
    return String(error);
  }
}

async function answer(request: WarmRequest, options: CallServerOptions, signal: AbortSignal): Promise<Buffer> {
  if (request.surroundings !== options.surroundings) return encodeAnswer(strangerAnswer(request, options.surroundings));
  return encodeAnswer(await options.perform(request, signal));
}

/** Refuses a caller of other namespaces: a path and a network mean something else there. */
function strangerAnswer({ surroundings, configuration }: WarmRequest, own: string): WarmAnswer {
  const error = new CniError("tryAgainLater", "the warm host serves other namespaces", {
    details: `net, mnt and pid are ${surroundings} at the caller and ${own} at the warm host`,
  });
  return errorAnswer(error, configuration);
}
