/**
 * @module The code of one guest: loaded and compiled once in this process, instantiated afresh for every call.
 */
import { compileFunction } from "node:vm";
import {
  compileModule,
  exportedMemoryBytes,
  instantiateModule,
  type CoreInstance,
  type CoreModule,
} from "./web-assembly.ts";

/** An exported interface: its functions by their name in JavaScript. */
export type GuestInterface = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** One instance, used for one call. */
export interface GuestInstance {
  /** Gives an exported interface; `undefined`: not exported. */
  exported(name: string): GuestInterface | undefined;
  /** Bytes of its memories now. */
  memoryBytes(): number;
  readonly instantiateMicroseconds: number;
}

/** A generated file. */
export interface CodeFile {
  readonly name: string;
  readonly bytes: Buffer;
}

type InstantiateCore = (module: CoreModule, imports: object) => CoreInstance;
type Instantiate = (
  getCoreModule: (name: string) => CoreModule,
  imports: object,
  instantiateCore: InstantiateCore,
) => object;

/** What the generated entry module exports, and nothing else. */
const ENTRY_EXPORTS = /^export (function|const) ([A-Za-z_]+)/gmu;

/** A guest's code. */
export class GuestCode {
  readonly #instantiate: Instantiate;
  readonly #modules: ReadonlyMap<string, CoreModule>;
  readonly #imports: () => object;

  /**
   * Loads the generated entry module, the first of the files, and compiles the core modules. `imports` makes those of one instance.
   * @throws {Error} when the entry is not as the transpiler makes them.
   */
  constructor(files: readonly CodeFile[], imports: () => object) {
    const [entry, ...core] = files;
    if (entry === undefined) throw new Error("no files");
    this.#instantiate = loadEntry(entry.bytes.toString("utf8"));
    this.#modules = new Map(core.map(({ name, bytes }) => [name, compileModule(bytes)]));
    this.#imports = imports;
  }

  /**
   * Makes an instance. Each core module is instantiated once at most: the memory that was granted is shared out on that condition.
   * @throws {Error} when a start function traps, or an import is not there.
   */
  instantiate(): GuestInstance {
    const started = performance.now();
    const instances: CoreInstance[] = [];
    const seen = new Set<CoreModule>();
    const exports = this.#instantiate(
      (name) => this.#modules.get(name) ?? fail(`no core module ${JSON.stringify(name)}`),
      this.#imports(),
      (module, imports) => {
        if (seen.has(module)) fail("a core module is instantiated twice");
        seen.add(module);
        const instance = instantiateModule(module, imports);
        instances.push(instance);
        return instance;
      },
    );
    return {
      exported: (name) => (Object.hasOwn(exports, name) ? (Reflect.get(exports, name) as GuestInterface) : undefined),
      memoryBytes: () => instances.map(exportedMemoryBytes).reduce((sum, bytes) => sum + bytes, 0),
      instantiateMicroseconds: Math.round((performance.now() - started) * 1000),
    };
  }
}

/**
 * Turns the text of the generated ES module into its `instantiate`. A function of node:vm rather than a module: it loads in half
 * the time, and `import()` fails in it.
 */
function loadEntry(source: string): Instantiate {
  const exported = [...source.matchAll(ENTRY_EXPORTS)].map(([, , name]) => name);
  if (exported.join() !== "instantiate" || /^import\b/mu.test(source))
    throw new Error("the entry module is not as the transpiler makes them");
  const body = source.replace(ENTRY_EXPORTS, (_text, kind: string, name: string) =>
    kind === "function" ? `exports.${name} = function ${name}` : `exports.${name}`,
  );
  const exports: { instantiate?: Instantiate } = {};
  compileFunction(`"use strict";${body}`, ["exports"], { filename: "component.js" })(exports);
  return exports.instantiate ?? fail("the entry module exports no instantiate");
}

function fail(message: string): never {
  throw new Error(message);
}
