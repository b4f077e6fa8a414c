/**
 * @module Entry of the throw-away process that makes code from a component.
 *
 * It runs fenced: no files, no network, no environment; descriptor 3 is all it has. It serves one request and ends.
 */
import { readSync, writeSync } from "node:fs";
import { $init, generate } from "../../node_modules/jco-transpile-lean/vendor/js-component-bindgen-component.js";
import { CONTROL_FRAME_MAX_BYTES, encodeFrame, FRAME_HEADER_BYTES } from "../helper/frames.ts";
import { COMPONENT_MAX_BYTES } from "./component.ts";
import { capModules } from "./memory-budget.ts";
import {
  ENTRY_FILE,
  TRANSPILE_OPTIONS,
  type TranspileAnswer,
  type TranspiledFile,
  type TranspileRequest,
} from "./transpile-protocol.ts";

/** Descriptor of the control channel. */
const CONTROL = 3;

/** What is used of V8's WebAssembly; TypeScript's library for servers does not declare it. */
declare const WebAssembly: {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): readonly { readonly module: string; readonly name: string }[];
    exports(module: object): readonly { readonly name: string }[];
  };
};

/** Makes the files of one component: its entry module first, then its core modules, their memory capped. */
export async function transpileComponent(
  component: Uint8Array,
  memoryBytes: number,
): Promise<{
  readonly files: readonly TranspiledFile[];
  readonly imports: readonly string[];
  readonly coreNames: readonly string[];
}> {
  await $init;
  const generated = generate(component, TRANSPILE_OPTIONS);
  const entry = generated.files.find(([name]) => name === ENTRY_FILE);
  if (entry === undefined) throw new Error(`the transpiler made no ${ENTRY_FILE}`);
  const core = generated.files.filter(([name]) => name.endsWith(".wasm")).sort(([a], [b]) => (a < b ? -1 : 1));
  const capped = capModules(
    core.map(([, bytes]) => bytes),
    memoryBytes,
  );
  const files = [
    { name: ENTRY_FILE, bytes: letUnusedResourcesDrop(entry[1]) },
    ...core.map(([name], index) => ({ name, bytes: capped[index] ?? new Uint8Array() })),
  ];
  return { files, imports: generated.imports, coreNames: [...new Set(capped.flatMap(namesOf))].sort() };
}

/** What is generated for dropping a handle of a resource that no import of the guest takes. */
const DROP_OF_UNUSED = /throw new TypeError\('unreachable trampoline for resource \[ResourceIndex\(\d+\)\]'\)/gu;

/**
 * Lets a guest drop a handle that it was given and can use nowhere: a plugin that exports `attachment` and looks into no namespace. This
 * version of the transpiler takes that for impossible; there is nothing to do, the handle ends with the call anyway.
 */
function letUnusedResourcesDrop(source: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(source).toString("utf8").replace(DROP_OF_UNUSED, ""));
}

/** Compiles a core module, as the sandbox will, and lists its names. */
function namesOf(bytes: Uint8Array): string[] {
  const module = new WebAssembly.Module(bytes);
  const imports = WebAssembly.Module.imports(module).flatMap(({ module: from, name }) => [from, name]);
  return [...imports, ...WebAssembly.Module.exports(module).map(({ name }) => name)];
}

function readExactly(bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let offset = 0;
  while (offset < bytes) {
    const count = readSync(CONTROL, buffer, offset, bytes - offset, null);
    if (count === 0) throw new Error("the other side is gone");
    offset += count;
  }
  return buffer;
}

function writeAll(bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.byteLength;) offset += writeSync(CONTROL, bytes, offset);
}

function readRequest(): { readonly request: TranspileRequest; readonly component: Buffer } {
  const length = readExactly(FRAME_HEADER_BYTES).readUInt32LE(0);
  if (length > CONTROL_FRAME_MAX_BYTES) throw new Error(`frame of ${length} bytes`);
  const request = JSON.parse(readExactly(length).toString("utf8")) as TranspileRequest;
  if (request.bytes > COMPONENT_MAX_BYTES)
    throw new Error(`component of ${request.bytes} bytes, ${COMPONENT_MAX_BYTES} permitted`);
  return { request, component: readExactly(request.bytes) };
}

/** Serves the one request of this process. */
async function serve(): Promise<void> {
  const { request, component } = readRequest();
  try {
    const { files, imports, coreNames } = await transpileComponent(component, request.memoryBytes);
    const answer: TranspileAnswer = {
      type: "transpiled",
      files: files.map(({ name, bytes }) => ({ name, bytes: bytes.byteLength })),
      imports,
      coreNames,
    };
    writeAll(encodeFrame(answer));
    for (const { bytes } of files) writeAll(bytes);
  } catch (error) {
    const answer: TranspileAnswer = { type: "failed", message: messageOf(error) };
    writeAll(encodeFrame(answer));
  }
}

/** The bindings throw errors, and plain payloads; the text may quote the component. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : JSON.stringify(error);
  return String(text).slice(0, 2000);
}

if (import.meta.main) await serve();
