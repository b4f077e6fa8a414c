/**
 * @module `definePlugin`: what CNI calls skel. Types a plugin's exports and maps every failure to the WIT record, since an exception
 * that is not one would end the instance without a word.
 */
import type * as Addresses from "cnidaria:plugin/addresses@0.1.0";
import type * as Attachment from "cnidaria:plugin/attachment@0.1.0";
import type * as Chained from "cnidaria:plugin/chained@0.1.0";
import type * as Container from "cnidaria:plugin/container@0.1.0";
import type * as Network from "cnidaria:plugin/network@0.1.0";

import { withoutNulls } from "./absent.ts";
import { toPluginError } from "./errors.ts";

/** The verbs of each interface that a plugin can export, by the interface's name. */
export interface PluginExports {
  /** A main plugin: gets the container's namespace. */
  readonly attachment?: Pick<typeof Attachment, "add" | "del" | "check">;
  /** A chained plugin that needs no namespace. */
  readonly chained?: Pick<typeof Chained, "add" | "del" | "check">;
  /** An IPAM plugin. */
  readonly addresses?: Pick<typeof Addresses, "add" | "del" | "check" | "status">;
  readonly network?: Pick<typeof Network, "init" | "check" | "destroy" | "status" | "gc">;
  readonly container?: Pick<typeof Container, "finalize" | "check" | "delete">;
}

type Verb = (...args: never[]) => unknown;

/** The interfaces that a plugin defines, with the verbs that the host calls. */
type Defined<Names> = Required<Pick<PluginExports, Extract<Names, keyof PluginExports>>>;

/**
 * Defines a plugin: `export const { attachment } = definePlugin({ attachment: { add, del, check } })`. What a verb throws is reported
 * as a `plugin-error`: a {@link PluginFailure} with its code, an IPAM plugin's error unchanged, anything else with code 999.
 */
// NoInfer: a destructuring on the left would otherwise take away the types of the verbs' parameters.
export function definePlugin<Exports extends PluginExports>(exports: Exports): Defined<keyof NoInfer<Exports>> {
  const wrapped: Record<string, unknown> = {};
  for (const [name, verbs] of Object.entries(exports))
    wrapped[name] = wrapVerbs(verbs as Readonly<Record<string, Verb>>);
  return wrapped as Defined<keyof Exports>;
}

function wrapVerbs(verbs: Readonly<Record<string, Verb>>): Record<string, Verb> {
  const wrapped: Record<string, Verb> = {};
  for (const [name, verb] of Object.entries(verbs)) wrapped[name] = (...args) => runVerb(verb, args);
  return wrapped;
}

function runVerb(verb: Verb, args: never[]): unknown {
  try {
    return verb(...(args.map(withoutNulls) as never[]));
  } catch (caught) {
    // The engine's adapter takes a plain value for the error case of the WIT result; an Error would trap.
    throw toPluginError(caught);
  }
}
