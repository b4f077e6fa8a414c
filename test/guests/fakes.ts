/**
 * @module Fakes of imports: what was received, and what to return.
 */
import { type BatchImports, PluginFailure, toPluginError } from "../../guests/sdk/index.ts";

/** A call that an import got: interface, function, arguments. */
export type Call = readonly [name: string, ...args: unknown[]];

/** Interfaces with their functions. */
type Imports = object;

/** Wraps every function so that its calls are written down, `containerLinks.get` and the arguments. */
export function record<Given extends Imports>(imports: Given, calls: Call[]): Given {
  const wrapped: Record<string, Record<string, unknown>> = {};
  for (const [name, functions] of Object.entries(imports)) {
    wrapped[name] = {};
    for (const [key, operation] of Object.entries(functions as Record<string, (...args: unknown[]) => unknown>)) {
      wrapped[name][key] = (...args: unknown[]) => {
        calls.push([`${name}.${key}`, ...args]);
        return operation(...args);
      };
    }
  }
  return wrapped as Given;
}

type Functions = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** Adds the interface `batch`: what is asked while one is open is done when it is run, as the host does. */
export function withBatch<Given extends Imports>(imports: Given): Given & { readonly batch: BatchImports } {
  let open: { readonly operation: string; readonly act: () => unknown }[] | undefined;
  const wrapped: Record<string, Record<string, unknown>> = {};
  for (const [name, functions] of Object.entries(imports)) {
    wrapped[name] = {};
    for (const [key, act] of Object.entries(functions as Functions)) {
      wrapped[name][key] = (...args: unknown[]) =>
        open === undefined ? act(...args) : void open.push({ operation: `${name}.${key}`, act: () => act(...args) });
    }
  }
  const batch: BatchImports = {
    begin: () => {
      if (open !== undefined) throw new Error("a batch in a batch");
      open = [];
    },
    run: () => {
      const asked = open ?? [];
      open = undefined;
      for (const [index, { operation, act }] of asked.entries()) runOne(index, operation, act);
    },
  };
  return { ...wrapped, batch } as unknown as Given & { readonly batch: BatchImports };
}

function runOne(index: number, operation: string, act: () => unknown): void {
  try {
    act();
  } catch (caught) {
    throw caught instanceof ImportFailure ? new ImportFailure({ index, operation, error: caught.payload }) : caught;
  }
}

/** What a failing import throws: `payload` is the error value of its WIT result. */
export class ImportFailure extends Error {
  readonly payload: unknown;

  constructor(payload: unknown) {
    super(JSON.stringify(payload));
    this.payload = payload;
  }
}

/** An import that fails with a case of its interface's error enum. */
export function failing(errorCase: string): () => never {
  return () => {
    throw new ImportFailure(errorCase);
  };
}

/** An import that fails with an error of the IPAM plugin. */
export function failingWith(code: number, message: string): () => never {
  return () => {
    throw new ImportFailure({ code, message });
  };
}

/** Runs what must fail, and gives the error as the host gets it. */
export function failureOf(verb: () => unknown): { code: number; message: string; details?: string | undefined } {
  try {
    verb();
  } catch (caught) {
    if (caught instanceof PluginFailure || (typeof caught === "object" && caught !== null && "payload" in caught)) {
      return toPluginError(caught);
    }
    throw caught;
  }
  throw new Error("the verb did not fail");
}
