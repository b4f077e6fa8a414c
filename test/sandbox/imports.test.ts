import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CAPABILITIES, CAPABILITY_NAMES } from "../../host/grants/capabilities/index.ts";
import { ContainerNamespace } from "../../host/sandbox/imports/container-namespace.ts";
import type { ImportContext } from "../../host/sandbox/imports/definition.ts";
import { createImports, IMPORT_INTERFACES } from "../../host/sandbox/imports/index.ts";

const FOLDER = join(import.meta.dirname, "../../host/sandbox/imports");
const kebab = (name: string): string => name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`);

/** Records what is asked. */
function recorder(): ImportContext & { readonly asked: unknown[] } {
  const asked: unknown[] = [];
  return {
    asked,
    askHelper: (operation, args) => asked.push([operation, ...args]),
    askHelperForUnit: (operation, args) => asked.push([operation, ...args]),
    startHelper: (operation, args) => void asked.push([operation, ...args]),
    takeStarted: () => void asked.push(["started"]),
    beginBatch: () => void asked.push(["begin"]),
    runBatch: () => void asked.push(["run"]),
    askIpam: (verb) => asked.push(["ipam", verb]),
    log: (level, message) => void asked.push([level, message]),
    atCallEnd: () => undefined,
  };
}

test("every capability that can be granted is an interface that can be imported, and the other way round", () => {
  expect(IMPORT_INTERFACES.map(({ name }) => name).toSorted()).toEqual(CAPABILITY_NAMES.toSorted());
});

test("every interface has the operations of its capability", () => {
  for (const { name, functions } of IMPORT_INTERFACES) {
    const { operations } = CAPABILITIES[name as keyof typeof CAPABILITIES];
    expect([name, Object.keys(functions).map(kebab).toSorted()]).toEqual([name, [...operations].toSorted()]);
  }
});

test("every file of the folder is an interface that is listed", () => {
  const files = readdirSync(FOLDER).map((file) => file.replace(/\.ts$/u, ""));
  const others = ["batch", "definition", "index", "container-namespace"];
  expect(files.filter((file) => !others.includes(file)).toSorted()).toEqual(
    IMPORT_INTERFACES.map(({ name }) => name).toSorted(),
  );
});

test("each function sends the operation of its own name", () => {
  for (const { name } of IMPORT_INTERFACES) {
    if (!/peration\(/u.test(readFileSync(join(FOLDER, `${name}.ts`), "utf8"))) continue;
    const context = recorder();
    const functions = createImports([name], context)[`cnidaria:plugin/${name}`] as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    for (const [key, call] of Object.entries(functions)) {
      const args = Array.from({ length: Math.max(1, call.length) }, () => "argument");
      call(...args);
      // What was started under another name is answered without a question.
      if (key.startsWith("started")) continue;
      expect(context.asked.at(-1)).toEqual([`${name}.${kebab(key)}`, ...args]);
    }
  }
});

test("a batch can put off the operations whose ok has no value, and no others", () => {
  const unit = /^\s+%?([a-z-]+): func\([^\n]*\) -> result<_, error-code>;$/gmu;
  const asked = new Set<string>();
  const context = { ...recorder(), askHelperForUnit: (operation: string) => void asked.add(operation) };
  const wanted: string[] = [];
  for (const { name, functions } of IMPORT_INTERFACES) {
    const wit = readFileSync(join(import.meta.dirname, "../../wit", `${name}.wit`), "utf8");
    wanted.push(...[...wit.matchAll(unit)].map(([, operation]) => `${name}.${operation}`));
    if (name !== "random") for (const make of Object.values(functions)) make(context)();
  }
  expect([...asked].toSorted()).toEqual(wanted.toSorted());
});

test("an interface is there with its version and without, and inherits nothing", () => {
  const imports = createImports(["log"], recorder());
  expect(imports["cnidaria:plugin/log@0.1.0"]).toBe(imports["cnidaria:plugin/log"]);
  expect("toString" in imports).toBe(false);
  for (const functions of Object.values(imports)) expect("toString" in (functions as object)).toBe(false);
});

test("random bytes are bounded", () => {
  const { bytes } = createImports(["random"], recorder())["cnidaria:plugin/random"] as {
    bytes: (count: number) => Uint8Array;
  };
  expect(bytes(256)).toHaveLength(256);
  expect(() => bytes(257)).toThrow(RangeError);
});

test("a handle is worth nothing after its call, and cannot be made of the right class alone", () => {
  const handle = new ContainerNamespace(7);
  expect(ContainerNamespace.numberOf(handle)).toBe(7);
  ContainerNamespace.revokeAll();
  expect(() => ContainerNamespace.numberOf(handle)).toThrow("a handle of another call");
  const forged = Object.create(ContainerNamespace.prototype) as ContainerNamespace;
  expect(() => ContainerNamespace.numberOf(forged)).toThrow(TypeError);
});
