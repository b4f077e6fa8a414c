/**
 * @module What the shim and a warm host say to each other. Types and constants only: the shim loads it.
 *
 * One connection, one call. The warm host writes {@link GREETING} before it reads anything; the shim writes a {@link WarmRequest},
 * without waiting for the greeting; the warm host writes a {@link WarmAnswer}. `frames.ts` has the bytes. A connection that ends
 * before the greeting has done nothing, and the shim may try again. One that the shim ends before its answer ends the call: the
 * runtime killed it.
 */

/** Number of this protocol. */
export const WARM_PROTOCOL_VERSION = 2;
/** First bytes of a warm host. */
export const GREETING = `cnidaria warm host ${WARM_PROTOCOL_VERSION}\n`;
/** Longest configuration in bytes: previous result and arguments included. */
export const CONFIGURATION_MAX_BYTES = 4 * 1024 * 1024;
/** Longest list of variables in bytes. More than the kernel lets through. Source: execve(2), MAX_ARG_STRLEN for each of them. */
export const VARIABLES_MAX_BYTES = 2 * 1024 * 1024;
/** How long a warm host may take to greet. After that it counts as silent: CNI's code 11. */
export const GREETING_TIMEOUT_MS = 10_000;
/** How long a call may take. Longer than any runtime waits. Source: kubelet's `runtimeRequestTimeout`, 2 minutes. */
export const ANSWER_TIMEOUT_MS = 120_000;
/** How long a warm host stays without a call, unless the shim was installed with another value. */
export const DEFAULT_LINGER_SECONDS = 30;

/**
 * Variables that pass from the runtime's environment, and no others do. Sources: CNI SPEC 1.1.0, section 2; libcni `pkg/skel` for
 * CNI_NETNS_OVERRIDE and the trace context; the last is our own.
 */
export const PASSED_VARIABLES = [
  "CNI_COMMAND",
  "CNI_CONTAINERID",
  "CNI_NETNS",
  "CNI_IFNAME",
  "CNI_ARGS",
  "CNI_PATH",
  "CNI_NETNS_OVERRIDE",
  "TRACEPARENT",
  "TRACESTATE",
  "BAGGAGE",
  "CNIDARIA_WITHIN",
] as const;

/** One call of the exec protocol. */
export interface WarmRequest {
  /** Namespaces of the caller; must be the warm host's own. */
  readonly surroundings: string;
  /** Type that the executable is named after. */
  readonly type: string;
  /** Those of {@link PASSED_VARIABLES} that are set. */
  readonly variables: Readonly<Record<string, string>>;
  /** stdin as given. */
  readonly configuration: string;
}

/** What the shim prints, and how it exits. */
export interface WarmAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
