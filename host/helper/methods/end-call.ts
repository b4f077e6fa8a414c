/**
 * @module `end-call`: closes a call, revokes its handle, and writes down what it did.
 */
import { CniError } from "../../spec/error.ts";
import { formatIpPrefix, readIpPrefix } from "../../spec/ip.ts";
import type { IpPrefix } from "../../spec/ip.ts";
import { foreignAddresses } from "../address-sources.ts";
import type { JsonObject } from "../ledger/records.ts";
import type { EndCall, EndedCall, LogLine } from "../protocol.ts";
import type { HelperState, OpenCall } from "../state.ts";
import { withoutBegun } from "../undo/deletions.ts";
import { madeBy, sweep } from "../undo/sweep.ts";

/** Log lines of one call that the audit log keeps, and characters of each. */
const LOG_LINES_MAX = 256;
const LOG_LINE_MAX_CHARACTERS = 1024;

/**
 * Ends a call. Addresses that it gave widen what the call that asked for it may use.
 * @throws {CniError} whatever made the helper give the call up, such as stateUnusable; the call is ended all the same, and its operation is
 * not kept: the host may have sent the end of that already.
 */
export function endCall(state: HelperState, ended: EndCall): EndedCall {
  const call = state.calls.get(ended.callId);
  if (call === undefined) throw new CniError("helperFailed", `no call ${JSON.stringify(ended.callId)} is open`);
  close(state, call);
  try {
    return settle(state, call, ended);
  } catch (error) {
    call.operation.broken = true;
    throw error;
  } finally {
    call.over.resolve();
  }
}

function settle(state: HelperState, call: OpenCall, ended: EndCall): EndedCall {
  // Killed or trapped: nothing of it goes on.
  if (ended.outcome === "killed" || ended.outcome === "trap") call.sandbox.end();
  const foreign = refusalOfAnswer(state, call, ended);
  if (foreign === undefined) widen(call, ended);
  else call.refusals.push(foreign);
  state.ledger.audit({
    ...call.operation.key,
    operationId: call.operation.id,
    callId: call.id,
    event: "call",
    data: recordOf(call, ended),
  });
  if (call.failure !== undefined) throw call.failure;
  if (foreign !== undefined)
    throw new CniError(
      "notPermitted",
      `plugin ${JSON.stringify(call.type)} answered an address that is not the attachment's`,
      {
        details: foreign,
      },
    );
  return { refusals: call.refusals, operations: call.timeline };
}

/** Says why an IPAM plugin's answer cannot be the attachment's; `undefined`: it can. */
function refusalOfAnswer(state: HelperState, call: OpenCall, { outcome, addresses }: EndCall): string | undefined {
  const { verb } = call.operation.begun;
  if (verb !== "ADD" || call.export !== "addresses" || outcome !== "ok") return undefined;
  const foreign = foreignAddresses(state, call.operation, addresses.map(parseGiven));
  if (foreign.length === 0) return undefined;
  return `${foreign.map(formatIpPrefix).join(", ")}: want an address that is leased to the attachment, in a subnet of the configuration, or one that the configuration or the arguments name`;
}

function close(state: HelperState, call: OpenCall): void {
  state.calls.delete(call.id);
  call.ended = true;
  if (call.sandbox.call === call) call.sandbox.call = undefined;
}

function widen({ parent, export: name }: OpenCall, { outcome, addresses }: EndCall): void {
  if (parent !== undefined && name === "addresses" && outcome === "ok") widenCall(parent, addresses);
}

/**
 * Widens what an open call may use by addresses that its IPAM plugin gave, CIDR text.
 * @throws {CniError} helperFailed when one is none.
 */
export function widenCall(call: OpenCall, addresses: readonly string[]): void {
  if (call.ended) return;
  const given = addresses.map(parseGiven);
  call.facts = { ...call.facts, givenAddresses: [...call.facts.givenAddresses, ...given] };
}

function parseGiven(text: string): IpPrefix {
  const prefix = readIpPrefix(text);
  if (prefix === undefined)
    throw new CniError("helperFailed", `${JSON.stringify(text)} is not an address with a prefix length`);
  return prefix;
}

function recordOf(call: OpenCall, { outcome, error, log, addresses, phasesMicroseconds }: EndCall): JsonObject {
  return {
    type: call.type,
    digest: call.owner.digest,
    export: call.export,
    outcome,
    ...(error === undefined ? {} : { error }),
    ...(call.parent === undefined ? {} : { parentCallId: call.parent.id }),
    configurationDigest: call.configurationDigest,
    addresses,
    refusals: call.refusals,
    operations: call.timeline.map((entry) => ({ ...entry })),
    trace: call.trace,
    log: log.slice(0, LOG_LINES_MAX).map(cut),
    phasesMicroseconds,
  };
}

function cut({ level, message }: LogLine): JsonObject {
  return { level, message: message.slice(0, LOG_LINE_MAX_CHARACTERS) };
}

/** A sandbox broke the protocol, or its operation failed in the helper: its call ends, and what the call made is undone. */
export function breakCall(state: HelperState, call: OpenCall, why: string): void {
  const { operation } = call;
  operation.broken = true;
  call.ended = true;
  call.refusals.push(why);
  try {
    state.ledger.audit({
      ...operation.key,
      operationId: operation.id,
      callId: call.id,
      event: "breach",
      data: { type: call.type, why },
    });
    state.ledger.flush();
  } catch {
    // The ledger may be what failed; the call ends all the same.
  }
  const made = madeBy(state, operation.key, operation.id);
  const owned = made.owned.filter((row) => row.callId === call.id);
  void sweep(state, withoutBegun({ ...made, owned, joined: [], deleting: [] }, operation)).catch(() => undefined);
}
