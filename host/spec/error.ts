/**
 * @module The one error of the public surface, and CNI's codes.
 */

/**
 * Stable kinds, with the code each is reported with. 1 to 99 are the specification's, 100 and more ours.
 * Source: CNI SPEC 1.1.0, section 5, "Error"; codes 8, 50 and 51: libcni `pkg/types/types.go`.
 */
export const ERROR_CODES = {
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
  /** An error that a plugin answered; its own code is kept. */
  pluginFailed: 999,
  /** No plugin of that type is installed. */
  unknownPlugin: 100,
  /** The grant is missing or does not cover what was asked. */
  notPermitted: 101,
  /** The plugin trapped, hung, or answered nonsense. */
  guestFailed: 102,
  /** A limit was reached: memory, time, calls, bytes. */
  limitExceeded: 103,
  /** A component or a file of its was changed, or is not what its manifest says. */
  componentRejected: 104,
  /** The helper refused, ended, or broke the protocol. */
  helperFailed: 105,
  /** The state directory is not usable: owner, mode, space, version. */
  stateUnusable: 106,
  /** The machine lacks something: a privilege, a kernel feature, a library. */
  missingFeature: 107,
  /** No address is free, or the one asked for is taken. */
  noAddress: 108,
  /** The thing to be made is there already. */
  alreadyExists: 109,
  /** The attachment is not as ADD left it. */
  drifted: 110,
} as const;

/** Stable name of what went wrong. Branch on this or on `code`, never on text. */
export type CniErrorKind = keyof typeof ERROR_CODES;

const BRAND = Symbol.for("cnidaria.CniError");

/** What an error may carry besides its kind and message. */
export interface CniErrorOptions {
  /** More about it: what was wanted, what was got, what to do. */
  readonly details?: string;
  /** CNI's code, where it is not the kind's own: a plugin's code passes through unchanged. */
  readonly code?: number;
  readonly cause?: unknown;
}

/** CNI's error object. Source: CNI SPEC 1.1.0, section 5, "Error". */
export interface CniErrorJson {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** The one error that the public interface rejects with. */
export class CniError extends Error {
  override readonly name = "CniError";
  readonly [BRAND] = true;
  readonly kind: CniErrorKind;
  readonly code: number;
  /** More about it; `undefined` when the message says all. */
  readonly details: string | undefined;

  constructor(kind: CniErrorKind, message: string, options: CniErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = options.code ?? ERROR_CODES[kind];
    this.details = options.details;
  }

  /** Gives CNI's error object, in the version of the configuration. */
  toCniJson(cniVersion: string): CniErrorJson {
    const json = { cniVersion, code: this.code, msg: this.message };
    return this.details === undefined ? json : { ...json, details: this.details };
  }
}

/** Tells a CniError, also one of another copy of this package. */
export function isCniError(value: unknown): value is CniError {
  return value instanceof Error && BRAND in value;
}

/** Closes a `switch` over a union: does not compile where a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
