/**
 * @module What is said to the throw-away process that makes code from a component, and how.
 *
 * Its control channel carries frames as host/helper/protocol.ts has them. One {@link TranspileRequest} and the bytes of the component,
 * unframed; then one {@link TranspileAnswer} and, when it went well, the bytes of the files, in order, unframed. Then it ends.
 */

/**
 * Version of the transpiler whose output is stored. Source: package.json, `jco-transpile-lean`. A version from before the transpiler
 * learned the component model's asynchronous functions, which no plugin has: its glue costs a call a third less time, and half the memory.
 */
export const TRANSPILER_VERSION = "0.1.1";
/** Name of the generated entry module. */
export const ENTRY_FILE = "component.js";
/** Most bytes of all files that one component becomes. */
export const TRANSPILED_MAX_BYTES = 128 * 1024 * 1024;
/** Most files. */
export const TRANSPILED_MAX_FILES = 300;

/**
 * Options of the transpiler, part of the key of what is stored. The library's defaults and those of jco's command line differ:
 * each one that matters is written down.
 */
export const TRANSPILE_OPTIONS = {
  name: "component",
  map: [] as [string, string][],
  instantiation: { tag: "sync" },
  noTypescript: true,
  noNodejsCompat: true,
  base64Cutoff: 0,
  multiMemory: true,
  noComponentErrorWrapping: false,
  tlaCompat: false,
  validLiftingOptimization: false,
  tracing: false,
} as const;

/** Asks for the code of one component. */
export interface TranspileRequest {
  readonly type: "transpile";
  /** Bytes of the component, which follow. */
  readonly bytes: number;
  /** Memory of one instance, written into the core modules. */
  readonly memoryBytes: number;
}

export type TranspileAnswer =
  | {
      readonly type: "transpiled";
      /** The entry module first. Their bytes follow. */
      readonly files: readonly { readonly name: string; readonly bytes: number }[];
      /** Imports as the transpiler lists them, without versions. */
      readonly imports: readonly string[];
      /** Names of imports and exports of every core module, as V8 reads them. */
      readonly coreNames: readonly string[];
    }
  | { readonly type: "failed"; readonly message: string };

/** A generated file. */
export interface TranspiledFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a component becomes. */
export interface Transpiled {
  readonly files: readonly TranspiledFile[];
  readonly coreNames: readonly string[];
}

/** Makes code from a component, in a process of its own. */
export type Transpile = (component: Uint8Array, options: { readonly memoryBytes: number }) => Promise<Transpiled>;
