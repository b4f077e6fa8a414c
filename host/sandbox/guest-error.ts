/**
 * @module How success and failure cross the border to generated code: the one place that knows its conventions.
 *
 * An import with a WIT `result` answers err by throwing an object with the payload; a thrown Error traps the guest.
 */
import type { BatchAnswer, OperationAnswer, PluginError } from "../helper/sandbox-protocol.ts";

/** What generated code takes for the err of a `result`. Not an Error: that would be a trap. */
class ErrPayload {
  readonly payload: unknown;

  constructor(payload: unknown) {
    this.payload = payload;
  }
}

/** Gives the ok of an answer to the guest, or throws its err. */
export function unwrapAnswer(
  answer: OperationAnswer | BatchAnswer | { readonly ok: unknown } | { readonly err: PluginError },
): unknown {
  if ("err" in answer) throw new ErrPayload(answer.err);
  return answer.ok;
}

/** How an exported function ended. */
export type GuestOutcome = { readonly ok: unknown } | { readonly err: PluginError } | { readonly trap: string };

/** Longest text of a trap. */
const TRAP_MAX_LENGTH = 500;

/** Runs an exported function. Anything thrown that is not the err of its `result` is a trap. */
export function runGuest(call: () => unknown): GuestOutcome {
  try {
    return { ok: call() };
  } catch (error) {
    if (isErrResult(error)) return { err: error.payload };
    return { trap: trapText(error) };
  }
}

/** Says what was thrown. It may come from a guest by way of generated code, so its text is cut. */
export function trapText(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${typeof error}`;
  return text.slice(0, TRAP_MAX_LENGTH);
}

/** Generated code wraps the err of an exported function in an Error of its own class, with the payload. */
function isErrResult(error: unknown): error is { readonly payload: PluginError } {
  if (!(error instanceof Error) || error.constructor.name !== "ComponentError" || !Object.hasOwn(error, "payload"))
    return false;
  const { payload } = error as Error & { payload: unknown };
  return (
    payload instanceof Object &&
    "code" in payload &&
    typeof payload.code === "number" &&
    "message" in payload &&
    typeof payload.message === "string"
  );
}
