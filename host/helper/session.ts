/**
 * @module The conversation with the host on its connection.
 */
import type { Socket } from "node:net";
import { CniError, isCniError } from "../spec/error.ts";
import { passPoint, withinPoints } from "../spec/fault-points.ts";
import { METHODS } from "./methods/index.ts";
import { METHOD_SCHEMAS, REQUEST_SCHEMA } from "./methods/schemas.ts";
import { CONTROL_FRAME_MAX_BYTES, FrameReader, encodeFrame } from "./frames.ts";
import type { BeginCall, ControlAnswer, ControlMethod, EndCall } from "./protocol.ts";
import type { HelperState } from "./state.ts";
import { ProtocolViolation } from "./violation.ts";

/** A request of the right shape. */
interface Request {
  readonly id: number;
  readonly method: ControlMethod;
  readonly params: unknown;
}

/** What is still being done, by the ids of operation and call that it is about. */
type UnderWay = Map<string, Promise<unknown>>;

/**
 * Answers the host's requests until its connection ends; settles then. A breach ends the connection.
 * Requests about one operation are done one after the other, in the order they came; others do not wait for them.
 * Does not trust: frames may be anything.
 */
export function serveHost(state: HelperState, socket: Socket): Promise<void> {
  const reader = new FrameReader(CONTROL_FRAME_MAX_BYTES);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const underWay: UnderWay = new Map();
  const sender = senderOf(socket);
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of reader.push(chunk)) answer(state, underWay, sender, parseRequest(frame));
    } catch {
      socket.destroy();
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => resolve());
  socket.resume();
  return ended;
}

/** How long an answer that nothing waits for is held back for company, in ms. */
const COMPANY_WAIT_MS = 1;

/** Sends answers. */
interface Sender {
  /** Those of one turn of the event loop go in one write. A breach ends the connection. */
  readonly send: (answer: ControlAnswer | ProtocolViolation) => void;
  /** Sends an answer that nothing waits for: with the next one, or soon. */
  readonly sendLater: (answer: ControlAnswer) => void;
}

function senderOf(socket: Socket): Sender {
  let held: ControlAnswer[] = [];
  let timer: NodeJS.Timeout | undefined;
  const write = (value: ControlAnswer): void => {
    passPoint("helper.answer");
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    socket.write(encodeFrame(value));
  };
  const release = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const released = held;
    held = [];
    if (!socket.destroyed) released.forEach(write);
  };
  return {
    send: (value) => {
      if (socket.destroyed) return;
      if (value instanceof ProtocolViolation) return void socket.destroy(value);
      release();
      write(value);
    },
    sendLater: (value) => {
      held.push(value);
      timer ??= setTimeout(release, COMPANY_WAIT_MS);
    },
  };
}

/**
 * Judges a frame.
 * @throws {ProtocolViolation} when it is no request, its method does not exist, or its parameters have another shape.
 */
export function parseRequest(frame: unknown): Request {
  const request = REQUEST_SCHEMA.safeParse(frame);
  if (!request.success) throw new ProtocolViolation("a frame that is no request");
  const { id, method } = request.data;
  if (!Object.hasOwn(METHOD_SCHEMAS, method))
    throw new ProtocolViolation(`unknown method ${JSON.stringify(method.slice(0, 64))}`);
  const name = method as ControlMethod;
  const params = METHOD_SCHEMAS[name].safeParse(request.data.params);
  if (!params.success) throw new ProtocolViolation(`${name} with parameters of another shape`);
  return { id, method: name, params: params.data };
}

function answer(
  state: HelperState,
  underWay: UnderWay,
  { send, sendLater }: Sender,
  { id, method, params }: Request,
): void {
  const fail = (error: unknown): void =>
    send(error instanceof ProtocolViolation ? error : { id, error: describeError(error) });
  // The table's type ties each method to its parameters; by name they are all alike.
  const run = METHODS[method] as unknown as (state: HelperState, params: unknown) => unknown;
  try {
    const result = inOrder(underWay, idsIn(params), () =>
      withinPoints("helper.method", method, () => run(state, params)),
    );
    if (result instanceof Promise && method === "begin-call") announce(state, params, result);
    if (result instanceof Promise) result.then((value: unknown) => send({ id, result: value }), fail);
    else if (isUnhurried(method, params)) sendLater({ id, result });
    else send({ id, result });
  } catch (error) {
    fail(error);
  }
}

/** Notes that a sandbox is about to have a call: the host has it running already. */
function announce({ beginnings }: HelperState, params: unknown, beginning: Promise<unknown>): void {
  const { sandboxId } = params as BeginCall;
  const over = beginning
    .catch(() => undefined)
    .then(() => {
      if (beginnings.get(sandboxId) === over) beginnings.delete(sandboxId);
    });
  beginnings.set(sandboxId, over);
}

function isUnhurried(method: ControlMethod, params: unknown): boolean {
  return method === "end-call" && (params as EndCall).isUnhurried;
}

/** Ids of the operation and the call that a request is about. */
function idsIn(params: unknown): readonly string[] {
  const { operationId, callId } = params as { readonly operationId?: string; readonly callId?: string };
  return [operationId, callId].filter((id) => id !== undefined);
}

/** Runs something after all that is under way for one of the ids; at once when nothing is. */
function inOrder(underWay: UnderWay, ids: readonly string[], run: () => unknown): unknown {
  const earlier = ids.map((id) => underWay.get(id)).filter((each) => each !== undefined);
  const result = earlier.length === 0 ? run() : Promise.all(earlier).then(run);
  if (!(result instanceof Promise)) return result;
  const settled: Promise<unknown> = result.then(
    () => forgetSettled(),
    () => forgetSettled(),
  );
  const forgetSettled = (): void => {
    for (const id of ids) if (underWay.get(id) === settled) underWay.delete(id);
  };
  for (const id of ids) underWay.set(id, settled);
  return result;
}

/** Gives an error for the channel. One of ours keeps its kind; any other is a failure of the helper. */
export function describeError(error: unknown): { kind: string; code: number; message: string; details?: string } {
  const known = isCniError(error)
    ? error
    : new CniError("helperFailed", "the helper failed", { details: textOf(error) });
  const { kind, code, message, details } = known;
  return details === undefined ? { kind, code, message } : { kind, code, message, details };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
