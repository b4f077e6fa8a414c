/**
 * @module The end of a verb: what the helper is told, and what an error says about refusals and what could not be undone.
 */

import type { EndedOperation } from "../helper/protocol.ts";
import { CniError, isCniError } from "../spec/error.ts";
import type { Backend, CallBeginning } from "./backend.ts";
import { differenceLine } from "./drift.ts";
import { beginningOf } from "./invocation.ts";
import type { Invocation } from "./invocation.ts";
import type { CallReport, Chain } from "./plugins.ts";

/** How long a verb took, and what was done in it. */
export interface VerbReport {
  readonly operationId: string;
  /** `parse`, `begin` and `calls`. */
  readonly phasesMicroseconds: Readonly<Record<string, number>>;
  readonly calls: readonly CallReport[];
  readonly sweepMicroseconds: number;
  readonly sweepKernelMicroseconds: number;
}

/** A verb between its beginning and its end. */
export interface OpenChain extends Chain {
  readonly beginMicroseconds: number;
  readonly begunAtMicroseconds: number;
}

/** Begins a verb, and calls `ahead` with it. Throws as {@link Backend.begin} does. */
export async function openChain(
  backend: Backend,
  invocation: Invocation,
  ahead: readonly CallBeginning[] = [],
): Promise<OpenChain> {
  const { nowMicroseconds } = invocation;
  const startedAt = nowMicroseconds();
  const begun = await backend.begin(beginningOf(invocation), ahead);
  const begunAtMicroseconds = nowMicroseconds();
  const chain: OpenChain = {
    backend,
    invocation: { ...invocation, operationId: begun.operationId },
    begun,
    ahead: [...begun.ahead],
    refusals: [],
    calls: [],
    legacyRuns: [],
    closings: [],
    beginMicroseconds: Math.round(begunAtMicroseconds - startedAt),
    begunAtMicroseconds,
  };
  try {
    invocation.onBegin(begun.operationId);
  } catch (error) {
    throw await endWithError(chain, error);
  }
  return chain;
}

/**
 * Ends a verb, well or not; the ends of its calls are waited for meanwhile.
 * Throws why that could not be ended, and as {@link Backend.end} does.
 */
export async function endChain(chain: OpenChain, outcome: "ok" | "error", result?: string): Promise<EndedOperation> {
  const { operationId } = chain.invocation;
  const ending = chain.backend.end({ operationId, outcome, result, phasesMicroseconds: phasesOf(chain) });
  // A call that could not be ended is why the verb could not.
  const [closed, ended] = await Promise.allSettled([Promise.all(chain.closings), ending]);
  if (closed.status === "rejected") throw closed.reason;
  if (ended.status === "rejected") throw ended.reason;
  return ended.value;
}

/**
 * Ends a verb that failed and gives its error, which stays the first; what was refused, and what could not be undone, is in its details,
 * and so are the given lines.
 */
export async function endWithError(chain: OpenChain, failed: unknown, lines: readonly string[] = []): Promise<unknown> {
  // Why an earlier call could not be ended comes before what failed since.
  const error = await Promise.all(chain.closings).then(
    () => failed,
    (cause: unknown) => cause,
  );
  const remains = await endChain(chain, "error").then(
    ({ failures, differences = [] }) => [
      ...failures.map((failure) => `not undone: ${failure}`),
      ...differences.map(differenceLine),
    ],
    (cause: unknown) => [`not undone yet: ${cause instanceof Error ? cause.message : String(cause)}`],
  );
  return isCniError(error) ? withDetails(error, [...refusalLines(chain), ...lines, ...remains]) : error;
}

/** Says what was refused, a line each. */
export function refusalLines(chain: Chain): readonly string[] {
  return [...new Set(chain.refusals)].map((refusal) => `refused: ${refusal}`);
}

/** Gives an error with more lines of details. */
export function withDetails(error: CniError, lines: readonly string[]): CniError {
  if (lines.length === 0) return error;
  const details = [...(error.details === undefined ? [] : [error.details]), ...lines].join("\n");
  return new CniError(error.kind, error.message, { code: error.code, details, cause: error.cause });
}

/** Gives the report of a verb that ended. */
export function reportOf(
  chain: OpenChain,
  phasesMicroseconds: VerbReport["phasesMicroseconds"],
  ended: EndedOperation,
): VerbReport {
  const { invocation, calls } = chain;
  const { sweepMicroseconds, sweepKernelMicroseconds } = ended;
  return { operationId: invocation.operationId, phasesMicroseconds, calls, sweepMicroseconds, sweepKernelMicroseconds };
}

/** Gives the durations up to now. */
export function phasesOf(chain: OpenChain): VerbReport["phasesMicroseconds"] {
  const { invocation, beginMicroseconds, begunAtMicroseconds } = chain;
  const calls = Math.round(invocation.nowMicroseconds() - begunAtMicroseconds);
  return { parse: invocation.parseMicroseconds, begin: beginMicroseconds, calls };
}
