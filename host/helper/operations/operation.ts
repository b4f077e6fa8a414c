/**
 * @module What an operation is: a row of the dispatch table. Each file of `operations/` gives the rows of one WIT interface.
 */
import type * as z from "zod";
import type { IpAddress } from "../../spec/ip.ts";
import type { ContainerSide, HelperState, OpenCall } from "../state.ts";

/** What an operation is given besides its arguments. */
export interface OperationContext {
  readonly state: HelperState;
  readonly call: OpenCall;
}

/** One row. */
export interface Operation {
  /** `read`: leaves nothing behind, and so may be asked in every verb. */
  readonly effect: "read" | "change";
  /** Most times that one call may ask it. More is a breach. */
  readonly maxCalls: number;
  /** Whether one batch may be asked before its answer was read. */
  readonly isStarted: boolean;
  /** Judges the arguments; `undefined`: wrong shape, a breach. */
  readonly parse: (args: readonly unknown[]) => readonly unknown[] | undefined;
  /**
   * Does it and gives the answer's value, at once or later.
   * @throws {OperationFailure} the interface's error.
   * @throws {KernelError} converted by the interface's table.
   */
  readonly run: (context: OperationContext, args: readonly unknown[]) => unknown;
}

/** The rows of one WIT interface. */
export interface OperationInterface {
  /** Name of the interface, which is that of its capability. */
  readonly name: string;
  /** The interface's error for each error number; an error number that is not here is `otherwise`. */
  readonly errors: Readonly<Record<string, string>>;
  readonly otherwise: string;
  readonly operations: Readonly<Record<string, Operation>>;
}

/** An operation failed: `code` is a case of its interface's error enum. */
export class OperationFailure extends Error {
  override readonly name = "OperationFailure";
  readonly code: string;
  /** Whether the operator is told why, with the error; of what is not permitted always. The guest never is. */
  readonly isTold: boolean;

  constructor(code: string, why: string = code, isTold = code === "not-permitted") {
    super(why);
    this.code = code;
    this.isTold = isTold;
  }
}

/** Defines a row: ties the type of the arguments to their schema. */
export function operation<Args extends readonly unknown[]>(definition: {
  readonly effect: "read" | "change";
  readonly maxCalls?: number;
  readonly isStarted?: boolean;
  readonly schema: z.ZodType<Args>;
  readonly run: (context: OperationContext, args: Args) => unknown;
}): Operation {
  const { effect, maxCalls = 4096, isStarted = false, schema, run } = definition;
  return {
    effect,
    maxCalls,
    isStarted,
    parse: (args) => {
      const parsed = schema.safeParse(args);
      return parsed.success ? parsed.data : undefined;
    },
    // Dispatch gives what `parse` gave.
    run: (context, args) => run(context, args as Args),
  };
}

/**
 * Gives the container's side.
 * @throws {OperationFailure} no-namespace when it is gone.
 */
export function containerOf({ call }: OperationContext): ContainerSide {
  const { container } = call.operation;
  if (container === undefined) throw new OperationFailure("no-namespace");
  return container;
}

/**
 * Refuses an address of the call's network that is leased to another attachment.
 * @throws {OperationFailure} not-permitted.
 */
export function refuseLeased({ state, call }: OperationContext, address: IpAddress): void {
  const { network, containerId, ifname } = call.operation.key;
  const holder = state.ledger.leases.ownerOf(network, address);
  if (holder === undefined || (holder.containerId === containerId && holder.ifname === ifname)) return;
  throw new OperationFailure("not-permitted", `leased to ${holder.containerId} ${holder.ifname}`);
}

/** Asks every few ms, at once first, until there is an answer, the time is over or the call is; `undefined`: no answer. */
export async function poll<T>(call: OpenCall, timeoutMs: number, ask: () => T | undefined): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  let pauseMs = 1;
  for (;;) {
    const found = ask();
    if (found !== undefined || call.ended || performance.now() >= deadline) return found;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(pauseMs * 2, POLL_MAX_MS);
  }
}

/** Longest pause between two questions, in ms. */
const POLL_MAX_MS = 20;
