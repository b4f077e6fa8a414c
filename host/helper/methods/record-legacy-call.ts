/**
 * @module `record-legacy-call`: writes down that the host runs an executable of the operator's, and how that ended.
 *
 * The executable runs with the host's rights. What the helper can do is refuse it beforehand, remember which types took part in an
 * attachment, and let the component that asked for addresses use those that it got.
 */
import { decide } from "../../grants/decide.ts";
import { CniError } from "../../spec/error.ts";
import type { RecordLegacyCall } from "../protocol.ts";
import type { HelperState, OpenCall, OpenOperation } from "../state.ts";
import { widenCall } from "./end-call.ts";

/** Characters of messages and of the executable's stderr that the audit log keeps. */
const TEXT_MAX_CHARACTERS = 4096;

/**
 * Writes it down. With the outcome `begun` the row is in the database on return.
 * @throws {CniError} helperFailed when the operation, or the call that asks, is not open.
 * @throws {CniError} notPermitted when the type is not allowed in this operation, or the caller's grant does not cover it.
 */
export function recordLegacyCall(state: HelperState, asked: RecordLegacyCall): Record<string, never> {
  const operation = state.operations.get(asked.operationId);
  if (operation === undefined)
    throw new CniError("helperFailed", `no operation ${JSON.stringify(asked.operationId)} is open`);
  const { type, verb, outcome, addresses } = asked;
  if (!operation.legacy.includes(type)) throw notAllowed(type);
  const parent = asked.parentCallId === undefined ? undefined : parentOf(state, operation, asked);
  // Before it runs: what a helper that dies meanwhile leaves on record is then what may be there.
  if (verb === "ADD") operation.legacyMade.add(type);
  if (parent !== undefined && verb === "ADD" && outcome === "ok") widenCall(parent, addresses);
  state.ledger.audit({
    ...operation.key,
    operationId: operation.id,
    callId: parent?.id,
    event: "legacy-call",
    data: recordOf(asked),
  });
  if (outcome === "begun") state.ledger.flush();
  return {};
}

/** Gives the error for a type that is no component, and whose executables are not allowed. */
function notAllowed(type: string): CniError {
  return new CniError("notPermitted", `executables of type ${JSON.stringify(type)} may not be run in this operation`, {
    details: `an operator allows them with: cnidaria legacy allow ${type}`,
  });
}

/** Gives the call that asks. It is judged as if a component were asked for. */
function parentOf(
  state: HelperState,
  operation: OpenOperation,
  { parentCallId, type, verb }: RecordLegacyCall,
): OpenCall {
  const parent = state.calls.get(parentCallId ?? "");
  if (parent?.operation !== operation || parent.parent !== undefined)
    throw new CniError(
      "helperFailed",
      `no call ${JSON.stringify(parentCallId)} that may ask is open in this operation`,
    );
  const decision = decide(parent.grant, parent.facts, `ipam.${verb.toLowerCase()}`, [type]);
  if (decision.allowed) return parent;
  parent.refusals.push(decision.reason);
  throw new CniError("notPermitted", `plugin ${JSON.stringify(parent.type)} may not call ${JSON.stringify(type)}`, {
    details: decision.reason,
  });
}

function recordOf({ type, path, verb, outcome, addresses, error, stderr, microseconds }: RecordLegacyCall) {
  return {
    type,
    path,
    verb,
    isolation: "unconfined",
    outcome,
    ...(outcome === "begun" ? {} : { addresses, microseconds }),
    ...(error === undefined
      ? {}
      : { error: { code: error.code, message: error.message.slice(0, TEXT_MAX_CHARACTERS) } }),
    ...(stderr === "" ? {} : { stderr: stderr.slice(-TEXT_MAX_CHARACTERS) }),
  };
}
