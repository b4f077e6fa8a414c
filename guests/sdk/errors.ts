/**
 * @module Errors of a plugin: how it fails with one of CNI's codes, and how what an import answers becomes such an error.
 */
import type { PluginError } from "cnidaria:plugin/types@0.1.0";

/**
 * CNI's codes, and those that the host uses for the same things.
 * Source: CNI SPEC 1.1.0, section 5, "Error"; codes 8, 50 and 51: libcni `pkg/types/types.go`; 100 and more: `host/spec/error.ts`.
 */
export const CODES = {
  incompatibleCniVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidNetworkConfig: 7,
  invalidNetns: 8,
  tryAgainLater: 11,
  pluginUnavailable: 50,
  pluginUnavailableDegraded: 51,
  notPermitted: 101,
  limitExceeded: 103,
  missingFeature: 107,
  noAddress: 108,
  alreadyExists: 109,
  internal: 999,
} as const;

/** Code that each case of an import's error enum is reported with. A case that is not here is {@link CODES.internal}. */
const CODE_OF_CASE: Readonly<Record<string, number>> = {
  "not-permitted": CODES.notPermitted,
  "already-exists": CODES.alreadyExists,
  "no-namespace": CODES.invalidNetns,
  "invalid-argument": CODES.invalidNetworkConfig,
  "wrong-kind": CODES.invalidNetworkConfig,
  conflict: CODES.alreadyExists,
  unsupported: CODES.missingFeature,
  "limit-reached": CODES.tryAgainLater,
  "timed-out": CODES.tryAgainLater,
  busy: CODES.tryAgainLater,
  unavailable: CODES.tryAgainLater,
  exhausted: CODES.noAddress,
  taken: CODES.noAddress,
};

/** A failure that the plugin reports. Thrown anywhere below a verb; {@link definePlugin} turns it into the WIT record. */
export class PluginFailure extends Error {
  override readonly name = "PluginFailure";
  readonly code: number;
  /** More about it; `undefined` when the message says all. */
  readonly details: string | undefined;

  constructor(code: number, message: string, details?: string) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/**
 * Ends the verb with an error.
 * @throws {PluginFailure} always.
 */
export function fail(code: number, message: string, details?: string): never {
  throw new PluginFailure(code, message, details);
}

/** What an import answered: its value, or the case of its interface's error enum. */
export type Attempt<Value, Case extends string> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Case };

/**
 * Calls an import whose failure the plugin can live with. `const got: Attempt<LinkInfo, ErrorCode> = attempt(() => get(container, "eth0"))`.
 * @throws whatever is not the case of an error enum, unchanged.
 */
export function attempt<Value, Case extends string>(operation: () => Value): Attempt<Value, Case> {
  try {
    return { ok: true, value: operation() };
  } catch (caught) {
    const error = payloadOf(caught);
    if (typeof error !== "string") throw caught;
    return { ok: false, error: error as Case };
  }
}

/**
 * Calls an import that the verb cannot do without. `what` completes "cannot …", as in `make bridge "cni0"`.
 * @throws {PluginFailure} with the code of the error's case, unless `code` gives another; an error of the IPAM plugin is thrown unchanged.
 */
export function must<Value>(what: string, operation: () => Value, code?: number): Value {
  const got = attempt<Value, string>(operation);
  if (got.ok) return got.value;
  return fail(code ?? codeOfCase(got.error), `cannot ${what}: ${got.error}`);
}

/** Makes the failure of an operation: `what` completes "cannot …", and the case of its error enum follows. */
export function failureOfCase(what: string, error: string): PluginFailure {
  return new PluginFailure(codeOfCase(error), `cannot ${what}: ${error}`);
}

function codeOfCase(error: string): number {
  return CODE_OF_CASE[error] ?? CODES.internal;
}

/** Turns anything that was thrown into the WIT record. Never throws. */
export function toPluginError(caught: unknown): PluginError {
  if (caught instanceof PluginFailure) return record(caught.code, caught.message, caught.details);
  const payload = payloadOf(caught);
  if (isPluginError(payload)) return record(payload.code, payload.message, payload.details);
  if (typeof payload === "string") return record(codeOfCase(payload), `the host answered ${payload}`, undefined);
  return record(CODES.internal, `the plugin failed: ${textOf(caught)}`, undefined);
}

function record(code: number, message: string, details: string | undefined): PluginError {
  return { code, message, details };
}

/** Takes the error value out of what a failing import throws: an object whose own field `payload` holds it. */
export function payloadOf(caught: unknown): unknown {
  if (typeof caught === "object" && caught !== null && Object.hasOwn(caught, "payload"))
    return (caught as { payload: unknown }).payload;
  return undefined;
}

function isPluginError(value: unknown): value is PluginError {
  if (typeof value !== "object" || value === null) return false;
  const { code, message } = value as Partial<PluginError>;
  return typeof code === "number" && typeof message === "string";
}

function textOf(caught: unknown): string {
  if (caught instanceof Error) return `${caught.name}: ${caught.message}`;
  try {
    return typeof caught === "string" ? caught : (JSON.stringify(caught) ?? String(caught));
  } catch {
    return "something that has no text";
  }
}
