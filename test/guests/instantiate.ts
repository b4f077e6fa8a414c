/**
 * @module Runs a component in this process, without sandbox, helper or grants: for tests of the SDK and of guests' own logic.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { transpileBytes } from "jco-transpile-lean";

/** Imports by interface, as in `{ "container-links": { createVeth() { … } } }`. What is missing throws when it is called. */
export type TestImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
/** Exports by interface. */
export type TestExports = Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => unknown>>>>;

/** A component ready to be instantiated, as often as wanted. */
export interface LoadedComponent {
  /** Names of its imports, without their version: `cnidaria:plugin/log`. */
  readonly imports: readonly string[];
  instantiate(imports: TestImports): TestExports;
}

type CoreModule = object;
type Instantiate = (
  getCoreModule: (name: string) => CoreModule,
  imports: Readonly<Record<string, unknown>>,
) => TestExports;

/** The compiler of core modules; TypeScript's library for servers does not declare it. */
const { Module } = Reflect.get(globalThis, "WebAssembly") as { Module: new (bytes: Uint8Array) => CoreModule };

/** Stands for the container's namespace. */
export class TestNamespace {}

/** Transpiles a component and compiles its modules. */
export async function loadComponent(component: Uint8Array): Promise<LoadedComponent> {
  const { files, imports } = await transpileBytes(component, {
    name: "guest",
    instantiation: "sync",
    base64Cutoff: 0,
    multiMemory: true,
    wasiShim: false,
    emitTypescriptDeclarations: false,
  });
  const modules = new Map<string, CoreModule>();
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith(".wasm")) modules.set(name, new Module(new Uint8Array(bytes)));
  }
  const instantiate = await importEntry(files["guest.js"] ?? new Uint8Array());
  return {
    imports,
    instantiate: (given) =>
      instantiate((name) => modules.get(name) ?? missing(`module ${name}`), withNames(imports, given)),
  };
}

async function importEntry(source: Uint8Array): Promise<Instantiate> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "cnidaria-guest-"));
  try {
    const file = path.join(directory, "guest.mjs");
    await writeFile(file, source);
    const entry = (await import(pathToFileURL(file).href)) as { instantiate: Instantiate };
    return entry.instantiate;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Gives each import that the component names, an absent function as one that throws. */
function withNames(names: readonly string[], given: TestImports): Record<string, unknown> {
  const named: Record<string, unknown> = {};
  for (const name of names) {
    const short = name.replace(/^.*\//u, "").replace(/@.*$/u, "");
    const functions = short === "container-namespace" ? { ContainerNamespace: TestNamespace } : (given[short] ?? {});
    named[name] = new Proxy(functions, {
      get: (target, key) => Reflect.get(target, key) ?? (() => missing(`${short}.${String(key)}`)),
    });
  }
  return named;
}

function missing(what: string): never {
  throw new Error(`the test gives no ${what}`);
}
