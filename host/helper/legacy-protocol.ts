/**
 * @module What is said between host and helper about executables that the operator allows. Types only.
 */

/**
 * Writes down a call of a legacy executable, twice: before it is run, which the helper judges, and when it ended.
 * It runs with the host's own rights, and nothing that it does can be undone by the helper.
 */
export interface RecordLegacyCall {
  readonly operationId: string;
  /** Call of a component that asks for it as its IPAM plugin; `undefined`: the host itself. */
  readonly parentCallId: string | undefined;
  readonly type: string;
  /** Absolute path of the executable. */
  readonly path: string;
  /** As CNI_COMMAND spells it. */
  readonly verb: string;
  readonly outcome: "begun" | "ok" | "error" | "killed";
  /** Addresses that it gave as an IPAM plugin, CIDR text: they widen the scope of the call that asked. */
  readonly addresses: readonly string[];
  /** `undefined`: it did not fail. */
  readonly error: { readonly code: number; readonly message: string } | undefined;
  /** Last of what it wrote to its stderr. */
  readonly stderr: string;
  readonly microseconds: number;
}

/** A type whose executables the operator allows, as they are: nothing confines them. */
export interface LegacyType {
  readonly type: string;
  readonly isolation: "unconfined";
  readonly allowedAtMs: number;
  /** Whether a component of that type is installed, which is then what runs. */
  readonly isShadowed: boolean;
}
