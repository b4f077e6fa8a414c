/**
 * @module What the shim and a warm host say to each other. Types and constants only: the shim loads it.
 *
 * One connection, one call. The warm host writes {@link Greeting} as one line; the shim writes a {@link WarmRequest} as
 * one line; the warm host writes a {@link WarmAnswer} and ends its side. All of it JSON. A connection that ends before the greeting
 * has done nothing, and the shim may try again. One that the shim ends before its answer ends the call: the runtime killed it.
 */

/** Number of this protocol. */
export const WARM_PROTOCOL_VERSION = 1;
/** Longest request in bytes: configuration, previous result and arguments. */
export const REQUEST_MAX_BYTES = 4 * 1024 * 1024;
/** How long a warm host may take to greet. After that it counts as silent: CNI's code 11. */
export const GREETING_TIMEOUT_MS = 10_000;
/** How long a call may take. Longer than any runtime waits. Source: kubelet's `runtimeRequestTimeout`, 2 minutes. */
export const ANSWER_TIMEOUT_MS = 120_000;
/** How long a warm host stays without a call, unless the shim was installed with another value. */
export const DEFAULT_LINGER_SECONDS = 30;

/** First line of a warm host. */
export interface Greeting {
  readonly protocol: number;
}

/** One call of the exec protocol. */
export interface WarmRequest {
  /** Namespaces of the caller; must be the warm host's own. */
  readonly surroundings: string;
  /** `ADD`, `DEL`, `CHECK`, `STATUS` or `GC`. */
  readonly command: string;
  /** Type that the executable is named after. */
  readonly type: string;
  readonly containerId: string;
  readonly netns: string;
  readonly ifname: string;
  /** CNI_ARGS as given. */
  readonly args: string;
  /** stdin as given. */
  readonly configuration: string;
}

/** What the shim prints, and how it exits. */
export interface WarmAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}
