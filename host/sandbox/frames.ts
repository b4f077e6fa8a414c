/**
 * @module What a sandbox sends to the host, checked. Does not trust: a sandbox may be a guest's puppet.
 */
import type { LogLine } from "../helper/protocol.ts";
import type { PluginError, ResultFrame, SandboxToHost } from "../helper/sandbox-protocol.ts";

const LEVELS: readonly string[] = ["debug", "info", "warn", "error"] satisfies LogLine["level"][];
const IPAM_VERBS: readonly string[] = ["add", "del", "check", "status"];
/** Longest text of a trap, a limit or a failure that is kept. */
const TEXT_MAX_LENGTH = 2_000;

/** Parses a frame of a sandbox; `undefined`: it is none, and the sandbox is to be killed. What a result holds is for its reader to check. */
export function parseSandboxFrame(value: unknown): SandboxToHost | undefined {
  if (!isRecord(value)) return undefined;
  switch (value["type"]) {
    case "ready":
      return isCount(value["loadMicroseconds"])
        ? { type: "ready", loadMicroseconds: value["loadMicroseconds"] }
        : undefined;
    case "failed":
      return { type: "failed", message: textOf(value["message"]), kind: kindOf(value["kind"]) };
    case "log":
      return parseLog(value);
    case "ipam":
      return typeof value["verb"] === "string" && IPAM_VERBS.includes(value["verb"])
        ? { type: "ipam", verb: value["verb"] as "add" }
        : undefined;
    case "result":
      return parseResult(value);
    default:
      return undefined;
  }
}

function parseLog({ level, message }: Readonly<Record<string, unknown>>): SandboxToHost | undefined {
  if (typeof level !== "string" || !LEVELS.includes(level) || typeof message !== "string") return undefined;
  return { type: "log", level: level as LogLine["level"], message };
}

function parseResult(value: Readonly<Record<string, unknown>>): ResultFrame | undefined {
  const { callId, tookIpam, hostCalls, instantiateMicroseconds, guestMicroseconds } = value;
  const outcome = parseOutcome(value["outcome"]);
  if (typeof callId !== "string" || typeof tookIpam !== "boolean" || outcome === undefined) return undefined;
  if (!isCount(hostCalls) || !isCount(instantiateMicroseconds) || !isCount(guestMicroseconds)) return undefined;
  return { type: "result", callId, outcome, tookIpam, hostCalls, instantiateMicroseconds, guestMicroseconds };
}

function parseOutcome(outcome: unknown): ResultFrame["outcome"] | undefined {
  if (!isRecord(outcome)) return undefined;
  if (Object.hasOwn(outcome, "err")) {
    const err = parseError(outcome["err"]);
    return err === undefined ? undefined : { err };
  }
  if (Object.hasOwn(outcome, "trap")) return { trap: textOf(outcome["trap"]) };
  if (Object.hasOwn(outcome, "limit")) return { limit: textOf(outcome["limit"]) };
  // JSON has no `undefined`: the ok of a result without a value is not there.
  return { ok: outcome["ok"] };
}

function parseError(value: unknown): PluginError | undefined {
  if (!isRecord(value)) return undefined;
  const { code, message, details } = value;
  if (!isCount(code) || typeof message !== "string") return undefined;
  return { code, message, details: typeof details === "string" ? details : undefined };
}

/** Kinds of reasons that the helper gives for a sandbox that it does not start. A guest's puppet gains nothing by claiming one. */
const REFUSALS: readonly string[] = ["componentRejected", "notPermitted", "stateUnusable", "missingFeature"];

function kindOf(value: unknown): string | undefined {
  return typeof value === "string" && REFUSALS.includes(value) ? value : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, TEXT_MAX_LENGTH) : "";
}
