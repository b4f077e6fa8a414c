import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";
import { describe, expect, test } from "vitest";

import { readEngine } from "../../guests/engine.ts";
import {
  MODULE_MAGIC,
  SECTION,
  encodeUnsigned,
  readImportedFunctions,
  readSections,
  withCustomSection,
} from "../../guests/wasm-bytes.ts";
import type { Section } from "../../guests/wasm-bytes.ts";
import { findCalls } from "../../guests/wasm-instructions.ts";

/** A module with each shape of instruction, and calls among bytes that look like calls. */
const MODULE = `(module
  (import "env" "table" (table 1 funcref))
  (import "env" "memory" (memory 1 2))
  (import "env" "base" (global i32))
  (import "a:b/c@0.1.0" "first" (func $first))
  (import "a:b/c@0.1.0" "second" (func $second (result i64)))
  (func $all (param i32 i64 f32) (result i32) (local i32 f64)
    (local.set 3 (i32.const 0x1010)) (local.set 4 (f64.const 1.25e10)) (local.set 2 (f32.const 16))
    (block $out (loop $again (br_if $out (i32.eqz (local.get 0))) (call $first) (br_table $out $again (i32.const 0))))
    (i32.store offset=16 (i32.const 16) (memory.grow (i32.const 16)))
    (memory.fill (i32.const 0) (i32.const 16) (memory.size)) (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
    (drop (i32.trunc_sat_f64_s (local.get 4))) (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))
    (drop (ref.is_null (ref.null func))) (drop (ref.func $all)) (drop (table.size 0)) (drop (global.get 0))
    (call_indirect (i32.const 16)) (drop (call $second)) (i32.extend8_s (i32.const 16)))
  (elem declare func $all))`;

async function parsed(text: string): Promise<{ bytes: Buffer; sectionOf: (id: number) => Section }> {
  const bytes = Buffer.from(await parse(text));
  const sections = readSections(bytes, 0);
  return { bytes, sectionOf: (id) => sections.find((each) => each.id === id) ?? { id, start: 0, end: 0 } };
}

describe("reading a module", () => {
  test("finds its imported functions, whatever else it imports", async () => {
    const { bytes, sectionOf } = await parsed(MODULE);
    expect(readImportedFunctions(bytes, sectionOf(SECTION.imports))).toEqual([
      { module: "a:b/c@0.1.0", name: "first" },
      { module: "a:b/c@0.1.0", name: "second" },
    ]);
  });

  test("finds its calls, and nothing that only looks like one", async () => {
    const { bytes, sectionOf } = await parsed(MODULE);
    const calls = findCalls(bytes, sectionOf(SECTION.code));
    expect(calls.map(({ callee, bytes: length }) => [callee, length])).toEqual([
      [0, 2],
      [1, 2],
    ]);
    for (const { at, callee } of calls) expect([...bytes.subarray(at, at + 2)]).toEqual([0x10, callee]);
  });

  test("refuses an instruction that it does not know", async () => {
    const { bytes, sectionOf } = await parsed("(module (func (drop (i8x16.splat (i32.const 1)))))");
    expect(() => findCalls(bytes, sectionOf(SECTION.code))).toThrow(/unknown instruction 0xfd/u);
  });

  test("ends where no section can be", () => {
    const module = withCustomSection(MODULE_MAGIC, "name", Buffer.from([1, 2, 3]));
    for (const after of [[], [0xff, 1, 1], [0x00, 0x00], [0x01, 0x7f, 0x00], [0x00, 0x02, 0x01, 0x07]]) {
      expect(readSections(Buffer.concat([module, Buffer.from(after)]), 0)).toHaveLength(1);
    }
  });

  test.for([0, 1, 127, 128, 16_383, 16_384, 2_097_151])("writes %i as LEB128", (value) => {
    const section = withCustomSection(Buffer.alloc(0), "n", Buffer.alloc(value));
    expect(section.byteLength).toBe(1 + encodeUnsigned(value + 2).byteLength + 2 + value);
  });
});

test("the engine is whole, and asks neither for the time nor for random bytes", async () => {
  const engine = await readEngine();
  const sections = readSections(engine, 0);
  const [imports, code] = [SECTION.imports, SECTION.code].map((id) => sections.find((each) => each.id === id));
  if (imports === undefined || code === undefined) throw new Error("no section");
  const functions = readImportedFunctions(engine, imports);
  const asked = findCalls(engine, code).flatMap(({ callee }) => functions[callee] ?? []);
  expect(asked.filter(({ module, name }) => /random|clock/u.test(module) && name !== "subscribe-duration")).toEqual([]);
  expect(functions.some(({ module }) => module.startsWith("wasi:random/"))).toBe(true);
});
