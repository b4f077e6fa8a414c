/**
 * @module What a file of this folder declares: a WIT interface, and who answers each of its functions.
 */
import type { LogLine } from "../../helper/protocol.ts";

/** What an import can reach. */
export interface ImportContext {
  /** Asks the helper, and blocks until it answers. `operation` is `<interface>.<function>` as WIT spells them. */
  askHelper(operation: string, args: readonly unknown[]): unknown;
  /** The same for an operation whose ok has no value: while a batch is open it is put off instead. */
  askHelperForUnit(operation: string, args: readonly unknown[]): unknown;
  /** Has the helper do something, and does not wait for its answer. Traps the guest in a batch, and a second time in a call. */
  startHelper(operation: string, args: readonly unknown[]): void;
  /** Gives the answer to what was started, and blocks until it is there. Traps the guest when nothing was started. */
  takeStarted(): unknown;
  /** Begins a batch. Traps the guest when one is open. */
  beginBatch(): void;
  /** Has the helper do what was put off, and blocks until it answers. Traps the guest when no batch is open. */
  runBatch(): void;
  /** Asks the host for a verb of the network's IPAM plugin, and blocks until it answers. */
  askIpam(verb: "add" | "del" | "check" | "status"): unknown;
  /** Sends a line to the log of the call, or drops it. */
  log(level: LogLine["level"], message: string): void;
  /**
   * Has something done at the end of the call that the next instance is made for, such as writing out what waits. Once for each instance
   * or for none: they are used in the order in which they are made.
   */
  atCallEnd(act: () => void): void;
}

/** Makes one function of an interface for one sandbox. */
export type ImportFunction = (context: ImportContext) => (...args: never[]) => unknown;

/** An interface that a guest can import. `Module`: the generated type of the interface, whose functions are to be there, all of them. */
export interface ImportInterface<Module = Readonly<Record<string, unknown>>> {
  /** As WIT spells it. */
  readonly name: string;
  /** By name in JavaScript. */
  readonly functions: Readonly<Record<keyof Module, ImportFunction>>;
}

/** Declares an interface; the type checks that every function of the WIT file is there. */
export function defineInterface<Module>(
  name: string,
  functions: ImportInterface<Module>["functions"],
): ImportInterface {
  return { name, functions };
}

/** A function that the helper answers without a value, `result<_, error-code>` in WIT: a batch can put it off. */
export function unitOperation(name: string): ImportFunction {
  return (context) =>
    (...args) =>
      context.askHelperForUnit(name, args);
}

/** A function that the helper answers: `<interface>.<function>` as WIT spells them. */
export function operation(name: string): ImportFunction {
  return (context) =>
    (...args) =>
      context.askHelper(name, args);
}

/** A function without an answer: the helper does what it names, and the guest goes on. */
export function startOperation(name: string): ImportFunction {
  return (context) =>
    (...args) =>
      context.startHelper(name, args);
}

/** A function that gives the answer to what a {@link startOperation} started. */
export function startedAnswer(): ImportFunction {
  return (context) => () => context.takeStarted();
}
