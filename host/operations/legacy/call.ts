/**
 * @module One call of a legacy executable: found, written down, run, judged, written down.
 *
 * Nothing confines it. What is done here is what a runtime would do, with less: no environment of the host's, no time without end, no output
 * without end; and the helper has it on record.
 */

import type { RecordLegacyCall } from "../../helper/protocol.ts";
import type { Command } from "../../spec/environment.ts";
import { CniError, isCniError } from "../../spec/error.ts";
import type { JsonObject } from "../../spec/json.ts";
import type { Backend } from "../backend.ts";
import type { Invocation } from "../invocation.ts";
import { judgeAnswer } from "./answer.ts";
import type { Answerer } from "./answer.ts";
import { legacyEnvironment } from "./environment.ts";
import type { LegacyInvocation } from "./environment.ts";
import { execute } from "./execute.ts";
import type { Executed } from "./execute.ts";
import { findExecutable } from "./find.ts";

/** The verb that calls belong to. */
export interface LegacyContext {
  readonly backend: Pick<Backend, "recordLegacyCall">;
  readonly invocation: LegacyInvocation & Pick<Invocation, "signal" | "legacyDeadlineMs" | "nowMicroseconds">;
}

/** One call. */
export interface LegacyCall<T> {
  readonly type: string;
  readonly verb: Command;
  readonly stdin: JsonObject;
  /** Call of a component that asks for addresses; `undefined`: the host itself. */
  readonly parentCallId?: string | undefined;
  /** Reads the answer; `{}` where the verb has none. Throws a CniError when it cannot be understood. */
  readonly read: (answer: JsonObject, by: Answerer) => T;
  /** Addresses in what was read, CIDR text, where it is an IPAM plugin. @default none */
  readonly addressesOf?: (read: T) => readonly string[];
}

/** The part of a record that tells how a call went. */
type Ending = Pick<RecordLegacyCall, "outcome" | "addresses" | "error" | "stderr">;

const BEGUN: Ending = { outcome: "begun", addresses: [], error: undefined, stderr: "" };

/**
 * Makes a call.
 * @throws {CniError} unknownPlugin when there is no such executable; notPermitted when the helper refuses it; pluginFailed with its own
 * code; guestFailed, limitExceeded, ioFailure, tryAgainLater as `execute` and `judgeAnswer` do.
 */
export async function callLegacy<T>({ backend, invocation }: LegacyContext, call: LegacyCall<T>): Promise<T> {
  const { type, verb, stdin, parentCallId } = call;
  const path = findExecutable(type, invocation.pluginDirs);
  const by: Answerer = { who: `plugin ${JSON.stringify(type)}`, verb };
  const startedAt = invocation.nowMicroseconds();
  const record = (ending: Ending): Promise<void> => {
    const microseconds = Math.round(invocation.nowMicroseconds() - startedAt);
    return backend.recordLegacyCall({
      operationId: invocation.operationId,
      parentCallId,
      type,
      path,
      verb,
      ...ending,
      microseconds,
    });
  };
  await record(BEGUN);
  let executed: Executed | undefined;
  try {
    const { signal, legacyDeadlineMs: deadlineMs } = invocation;
    const environment = legacyEnvironment(invocation, verb);
    executed = await execute({ who: by.who, path, environment, stdin: JSON.stringify(stdin), deadlineMs, signal });
    const read = call.read(judgeAnswer(by, executed), by);
    await record({
      outcome: "ok",
      addresses: call.addressesOf?.(read) ?? [],
      error: undefined,
      stderr: executed.stderr,
    });
    return read;
  } catch (error) {
    // The first error is the one that counts.
    await record(endingOf(error, executed)).catch(() => undefined);
    throw error;
  }
}

function endingOf(error: unknown, executed: Executed | undefined): Ending {
  const { code, message } = isCniError(error) ? error : new CniError("helperFailed", String(error));
  const outcome = executed === undefined ? "killed" : "error";
  return { outcome, addresses: [], error: { code, message }, stderr: executed?.stderr ?? "" };
}
