/**
 * @module What a validation reports.
 */

/** Something that is wrong with a network's configuration, or may be. */
export interface ValidationProblem {
  /** Place of the plugin in `plugins`; `undefined`: it is about the list. */
  readonly plugin: number | undefined;
  /** Type of the plugin, or of its IPAM plugin; `undefined`: it is about the list. */
  readonly type: string | undefined;
  /** An error: calls fail, or do what was not meant. A warning: they need not. */
  readonly severity: "error" | "warning";
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

/** What a validation found. */
export interface ValidationReport {
  /** Whether there is no error; there may be warnings. */
  readonly ok: boolean;
  /** `undefined`: the configuration cannot be read. */
  readonly name: string | undefined;
  /** The version that would be worked in; `undefined`: the configuration cannot be read. */
  readonly cniVersion: string | undefined;
  /** Errors and warnings, in the order of the plugins. */
  readonly problems: readonly ValidationProblem[];
  /** Names of the capability arguments that some plugin declares: what a runtime may supply as `runtimeConfig`. Sorted, each once. */
  readonly capabilityArgs: readonly string[];
}
