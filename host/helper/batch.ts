/**
 * @module Several operations in one frame: `["batch", [operation, ...arguments], …]`. Each is judged and done as if it came alone.
 */
import { dispatch } from "./dispatch.ts";
import type { OperationTable } from "./dispatch.ts";
import { BATCH } from "./sandbox-protocol.ts";
import type { BatchAnswer, OperationAnswer } from "./sandbox-protocol.ts";
import type { HelperState, OpenCall } from "./state.ts";
import { ProtocolViolation } from "./violation.ts";

type Answer = OperationAnswer | BatchAnswer;

/**
 * Answers one frame of the private channel, of one operation or of several. Does not trust: the frame may be any JSON.
 * @throws {ProtocolViolation} as {@link dispatch}, for any of the operations; what came before it is done.
 * @throws {CniError} as {@link dispatch}.
 */
export function dispatchFrame(
  table: OperationTable,
  state: HelperState,
  call: OpenCall | undefined,
  frame: unknown,
): Answer | Promise<Answer> {
  if (!Array.isArray(frame) || frame[0] !== BATCH) return dispatch(table, state, call, frame);
  const requests: readonly unknown[] = frame.slice(1);
  return runInOrder(requests, (request) => dispatch(table, state, call, request));
}

/** Does one after the other, and stops at the first that does not succeed. */
async function runInOrder(
  requests: readonly unknown[],
  ask: (request: unknown) => OperationAnswer | Promise<OperationAnswer>,
): Promise<BatchAnswer> {
  for (const [index, request] of requests.entries()) {
    const asked = ask(request);
    const answer = asked instanceof Promise ? await asked : asked;
    // Dispatch knew it, so it has a name.
    const operation = String((request as readonly unknown[])[0]);
    if ("err" in answer) return { err: { index, operation, error: answer.err } };
    if (answer.ok !== null) throw new ProtocolViolation(`${operation}, whose answer has a value, among several`);
  }
  return { ok: null };
}
