/**
 * @module Judges and runs one operation that a sandbox asked for. The table is the policy: what is not in it cannot be done.
 */
import { decide } from "../grants/decide.ts";
import { KernelError } from "../kernel/error.ts";
import { kernelTime } from "../kernel/time.ts";
import { CniError } from "../spec/error.ts";
import { withinPoints } from "../spec/fault-points.ts";
import type { JsonValue } from "./ledger/records.ts";
import { OperationFailure } from "./operations/operation.ts";
import type { Operation, OperationInterface } from "./operations/operation.ts";
import type { TimelineEntry } from "./protocol.ts";
import type { OperationAnswer } from "./sandbox-protocol.ts";
import type { HelperState, OpenCall } from "./state.ts";
import { ProtocolViolation } from "./violation.ts";

/** A row of the table, with what its interface says of errors. */
export interface TableRow {
  readonly operation: Operation;
  readonly face: OperationInterface;
}

/** Rows by `interface.function`. */
export type OperationTable = Readonly<Record<string, TableRow>>;

/** Refusals that one call's record keeps. */
const REFUSALS_MAX = 32;
/** Characters of one operation's arguments in the log. */
const TRACE_MAX_CHARACTERS = 2048;

/** Makes the table out of the interfaces. */
export function tableOf(interfaces: readonly OperationInterface[]): OperationTable {
  return Object.fromEntries(
    interfaces.flatMap((face) =>
      Object.entries(face.operations).map(([name, operation]) => [`${face.name}.${name}`, { operation, face }]),
    ),
  );
}

/** A request that was judged: of the right shape, at the right time. */
interface Request {
  readonly name: string;
  readonly row: TableRow;
  readonly args: readonly unknown[];
  readonly call: OpenCall;
  readonly startedAt: number;
}

/**
 * Answers one frame of the private channel. Does not trust: the frame may be any JSON.
 * @throws {ProtocolViolation} for what a correct sandbox cannot send: an unknown operation, no open call, wrong arguments, too many.
 * @throws {CniError} when the ledger fails: the call cannot go on.
 */
export function dispatch(
  table: OperationTable,
  state: HelperState,
  call: OpenCall | undefined,
  frame: unknown,
): OperationAnswer | Promise<OperationAnswer> {
  const request = judge(table, call, frame);
  kernelTime.takeMicroseconds();
  request.call.asyncKernelMicroseconds = 0;
  const reason = refusalOf(request);
  if (reason !== undefined) return refuse(request, reason);
  let value: unknown;
  try {
    value = withinPoints("helper.operation", request.name, () =>
      request.row.operation.run({ state, call: request.call }, request.args),
    );
  } catch (error) {
    return failed(request, error);
  }
  if (!(value instanceof Promise)) return succeeded(request, value);
  // What comes after the first wait is counted by whoever waits; the counter belongs to all that run meanwhile.
  request.call.asyncKernelMicroseconds += kernelTime.takeMicroseconds();
  return value.then(
    (result: unknown) => succeeded(request, result),
    (error: unknown) => failed(request, error),
  );
}

function judge(table: OperationTable, call: OpenCall | undefined, frame: unknown): Request {
  const startedAt = performance.now();
  if (!Array.isArray(frame) || typeof frame[0] !== "string") throw new ProtocolViolation("a frame that is no request");
  const [name, ...raw] = frame as [string, ...unknown[]];
  if (!Object.hasOwn(table, name))
    throw new ProtocolViolation(`unknown operation ${JSON.stringify(name.slice(0, 64))}`);
  const row = table[name] as TableRow;
  if (call === undefined || call.ended) throw new ProtocolViolation(`${name} while no call is open`);
  countRequest(call, name, row.operation);
  const args = row.operation.parse(raw);
  if (args === undefined) throw new ProtocolViolation(`${name} with arguments of another shape`);
  if (row.face.name.startsWith("container-") && args[0] !== call.containerHandle) {
    throw new ProtocolViolation(`${name} with a handle that was not given to this call`);
  }
  return { name, row, args, call, startedAt };
}

function countRequest(call: OpenCall, name: string, { maxCalls }: Operation): void {
  call.hostCalls += 1;
  const { hostCalls } = call.grant.limits;
  if (call.hostCalls > hostCalls)
    throw new ProtocolViolation(`more than ${hostCalls} host calls, which the grant's limits permit`);
  const count = (call.counts.get(name) ?? 0) + 1;
  if (count > maxCalls) throw new ProtocolViolation(`${name} asked ${count} times, ${maxCalls} permitted`);
  call.counts.set(name, count);
}

/** Gives why the operation is refused; `undefined`: it is not. */
function refusalOf({ name, row, args, call }: Request): string | undefined {
  const { verb } = call.facts;
  if (row.operation.effect === "change" && verb === "GC")
    return `${name}: GC changes nothing by way of a plugin, what is stale the helper removes itself; no grant would allow it`;
  if (row.operation.effect === "change" && (verb === "CHECK" || verb === "STATUS"))
    return `${name}: ${verb} changes nothing; no grant would allow it`;
  const decision = decide(call.grant, call.facts, name, args);
  return decision.allowed ? undefined : decision.reason;
}

function refuse(request: Request, reason: string): OperationAnswer {
  record(request, "refused", reason);
  return { err: "not-permitted" };
}

function succeeded(request: Request, value: unknown): OperationAnswer {
  record(request, "ok", undefined);
  return { ok: value ?? null };
}

function failed(request: Request, error: unknown): OperationAnswer {
  const { errors, otherwise } = request.row.face;
  if (error instanceof OperationFailure) {
    // Refused by what the helper alone knows: somebody else's bridge, somebody else's address.
    const why = `${request.name}: ${error.message}`;
    const isRefused = error.code === "not-permitted";
    record(request, isRefused ? "refused" : "failed", why);
    if (error.isTold && !isRefused) tell(request.call, why);
    return { err: error.code };
  }
  if (error instanceof KernelError) {
    record(request, "failed", error.message);
    const code = (Object.hasOwn(errors, error.errno) ? errors[error.errno] : undefined) ?? otherwise;
    // What the machine lacks, such as a library, the operator has to be told: the guest knows only that it is lacking.
    if (code === "unsupported") tell(request.call, `${request.name}: ${error.message}`);
    return { err: code };
  }
  record(request, "failed", error instanceof Error ? error.message : String(error));
  if (error instanceof CniError) throw error;
  throw new CniError("helperFailed", `${request.name} failed`, { cause: error });
}

/** Puts the operation on the call's timeline and in its trace. */
function record(request: Request, outcome: TimelineEntry["outcome"], why: string | undefined): void {
  const { call, name, startedAt, row } = request;
  const kernelMicroseconds = call.asyncKernelMicroseconds + kernelTime.takeMicroseconds();
  const microseconds = Math.max(Math.round((performance.now() - startedAt) * 1000), kernelMicroseconds);
  call.timeline.push({ operation: name, outcome, microseconds, kernelMicroseconds });
  if (outcome === "refused" && why !== undefined) tell(call, why);
  if (outcome !== "ok" || row.operation.effect === "change") call.trace.push(traceOf(request, outcome, why));
}

/** Keeps a line for the operator, who gets it with the error. */
function tell(call: OpenCall, why: string): void {
  if (call.refusals.length < REFUSALS_MAX) call.refusals.push(why);
}

function traceOf({ name, args }: Request, outcome: string, why: string | undefined): JsonValue {
  const text = JSON.stringify(args);
  const shown = text.length <= TRACE_MAX_CHARACTERS ? text : `${text.slice(0, TRACE_MAX_CHARACTERS)}…`;
  return { operation: name, arguments: shown, outcome, ...(why === undefined ? {} : { why }) };
}
