/**
 * @module How a conversation with a warm host fails. The native shim names one of these and leaves the telling to the Node shim.
 */
import { ANSWER_TIMEOUT_MS, CONFIGURATION_MAX_BYTES, GREETING_TIMEOUT_MS } from "../daemon/protocol.ts";
import { CniError } from "../spec/error.ts";
import type { CniErrorKind } from "../spec/error.ts";

/** What is said of one failure. */
interface Description {
  readonly kind: CniErrorKind;
  readonly message: string;
  readonly details: string;
}

const FAILURES = {
  /** It took the connection and said nothing. */
  "silent-greeting": {
    kind: "tryAgainLater",
    message: "the warm host is silent",
    details: `no greeting within ${GREETING_TIMEOUT_MS} ms`,
  },
  /** It greeted and did not answer. */
  "silent-answer": {
    kind: "tryAgainLater",
    message: "the warm host is silent",
    details: `no answer within ${ANSWER_TIMEOUT_MS} ms`,
  },
  /** The socket cannot be connected to, and not because nobody is there. */
  unreachable: {
    kind: "tryAgainLater",
    message: "the warm host cannot be reached",
    details: "its socket is there and takes no connection",
  },
  "other-protocol": {
    kind: "helperFailed",
    message: "the warm host speaks another protocol",
    details: "run cnidaria shim install again",
  },
  ended: {
    kind: "helperFailed",
    message: "the warm host ended during the call",
    details: "what it did is undone; DEL makes sure of it",
  },
  "too-long": {
    kind: "limitExceeded",
    message: "the configuration on stdin is too long",
    details: `want at most ${CONFIGURATION_MAX_BYTES} bytes`,
  },
  "none-started": {
    kind: "helperFailed",
    message: "no warm host could be started",
    details: "each that was started ended before it greeted",
  },
} as const satisfies Readonly<Record<string, Description>>;

/** Name of a failure. */
export type Failure = keyof typeof FAILURES;

/** Tells the name of a failure from any other text. */
export function isFailure(text: string): text is Failure {
  return Object.hasOwn(FAILURES, text);
}

/** Makes the error of a failure. */
export function failureOf(name: Failure, cause?: unknown): CniError {
  const { kind, message, details } = FAILURES[name];
  return new CniError(kind, message, cause === undefined ? { details } : { details, cause });
}
