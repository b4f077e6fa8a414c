/**
 * @module Serves calls on a unix socket, one a connection, and says when there has been nothing to do for long enough.
 */
import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { CniError } from "../spec/error.ts";
import { REQUEST_MAX_BYTES, WARM_PROTOCOL_VERSION } from "./protocol.ts";
import type { Greeting, WarmAnswer, WarmRequest } from "./protocol.ts";

const LINE_END = 0x0a;

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

function serveOne(socket: Socket, options: CallServerOptions): void {
  const chunks: Buffer[] = [];
  const caller = new AbortController();
  let bytes = 0;
  let isAsked = false;
  const greeting: Greeting = { protocol: WARM_PROTOCOL_VERSION };
  socket.write(`${JSON.stringify(greeting)}\n`);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (isAsked || bytes > REQUEST_MAX_BYTES) return void socket.destroy();
    chunks.push(chunk);
    // The request is one line: escaped, JSON has no line end.
    isAsked = chunk.at(-1) === LINE_END;
    if (!isAsked) return;
    answer(Buffer.concat(chunks).toString("utf8"), options, caller.signal).then(
      (text) => socket.end(text),
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

async function answer(text: string, options: CallServerOptions, signal: AbortSignal): Promise<string> {
  const request = JSON.parse(text) as WarmRequest;
  if (request.surroundings !== options.surroundings)
    return JSON.stringify(strangerAnswer(request, options.surroundings));
  return JSON.stringify(await options.perform(request, signal));
}

/** Refuses a caller of other namespaces: a path and a network mean something else there. */
function strangerAnswer(request: WarmRequest, own: string): WarmAnswer {
  const error = new CniError("tryAgainLater", "the warm host serves other namespaces", {
    details: `net, mnt and pid are ${request.surroundings} at the caller and ${own} at the warm host`,
  });
  return { exitCode: 1, stdout: `${JSON.stringify(error.toCniJson("1.1.0"))}\n`, stderr: "" };
}
