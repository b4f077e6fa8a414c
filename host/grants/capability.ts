/**
 * @module What one capability has to say about its scopes: shape, order, description, judgement. Each file of `capabilities/` defines one.
 */

import type * as z from "zod";
import type { CallFacts } from "./facts.ts";

/** The answer of decide(). A denial names the grant that would allow it. */
export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/** An operation that is to be judged. */
export interface Question {
  readonly facts: CallFacts;
  /** Function of the interface, as WIT spells it: `create-veth`. */
  readonly operation: string;
  /** Arguments as they come on the private channel, a handle included. Not trusted: any JSON may be there. */
  readonly args: readonly unknown[];
  /** Gives the scope that the same grant has for another capability; `undefined`: not granted. */
  scopeOf<S>(capability: Capability<S>): S | undefined;
}

/** One capability: a WIT interface and the scopes it can be granted with. */
export interface Capability<S> {
  /** Name of the WIT interface. */
  readonly name: string;
  /** Functions of the interface. */
  readonly operations: readonly string[];
  readonly scope: z.ZodType<S>;
  /** Tells whether everything that `narrower` allows, `wider` allows too. Reflexive and transitive. */
  covers(wider: S, narrower: S): boolean;
  /** Says what a scope allows, a line each, for the operator. */
  describe(scope: S): readonly string[];
  /** Judges one operation. Pure; never throws, whatever the arguments are. */
  decide(scope: S, question: Question): Decision;
}

/** The answer yes. */
export const ALLOWED: Decision = { allowed: true };

/** The answer no; `reason` says which grant would allow it. */
export function denied(reason: string): Decision {
  return { allowed: false, reason };
}

/** Answers yes when `condition` holds, else no with `reason`. */
export function allowedIf(condition: boolean, reason: string): Decision {
  return condition ? ALLOWED : denied(reason);
}

/** Checks the type of a capability's definition, and gives it back. */
export function defineCapability<S>(capability: Capability<S>): Capability<S> {
  return capability;
}

/** Reads a field of an argument that may be anything; `undefined`: absent, null, or no object. */
export function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key] ?? undefined;
}
