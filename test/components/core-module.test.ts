import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeU32 } from "../../host/components/byte-reader.ts";
import { capMemory, parseCoreModule, PAGE_BYTES, TABLE_MAX_ELEMENTS } from "../../host/components/core-module.ts";
import { capModules, sharePages } from "../../host/components/memory-budget.ts";
import { isCniError } from "../../host/spec/error.ts";
import { coreModule, memories, name, section } from "./bytes.ts";

const MIB = 1024 * 1024;
const rejected = expect.objectContaining({ kind: "componentRejected" });

/** One import of each kind, a memory among them. */
const IMPORTS = section(2, [
  ...encodeU32(5),
  ...name("env"),
  ...name("f"),
  0,
  0,
  ...name("env"),
  ...name("t"),
  1,
  0x70,
  0,
  1,
  ...name("env"),
  ...name("m"),
  2,
  1,
  2,
  3,
  ...name("env"),
  ...name("g"),
  3,
  0x7f,
  0,
  ...name("env"),
  ...name("e"),
  4,
  0,
  0,
]);
const WHOLE = coreModule(
  IMPORTS,
  section(4, [1, 0x70, 0, 10]),
  memories([2], [1, 5]),
  section(0, [...name("note"), 1, 2, 3]),
);

describe("parsing", () => {
  test("finds memories, tables and imported memories", () => {
    expect(parseCoreModule(WHOLE)).toEqual({
      memories: [
        { minimum: 2, maximum: undefined },
        { minimum: 1, maximum: 5 },
      ],
      tables: [{ minimum: 10, maximum: undefined }],
      importedMemories: [{ minimum: 2, maximum: 3 }],
    });
  });

  test("refuses every truncation that does not end between two sections", () => {
    const ends = new Set([8, 8 + IMPORTS.length, 8 + IMPORTS.length + 6, 8 + IMPORTS.length + 6 + 8]);
    for (let length = 0; length < WHOLE.byteLength; length += 1) {
      const parse = (): unknown => parseCoreModule(WHOLE.subarray(0, length));
      if (ends.has(length)) expect(parse).not.toThrow();
      else expect(parse).toThrow(rejected);
    }
  });

  test("answers any bytes with a module or a refusal, nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        try {
          parseCoreModule(Uint8Array.from([...coreModule(), ...tail]));
        } catch (error) {
          expect(isCniError(error)).toBe(true);
        }
      }),
    );
  });

  test.for([
    { title: "shared", body: [1, 0x03, 1, 1] },
    { title: "64-bit", body: [1, 0x04, 1] },
    { title: "with pages of its own size", body: [1, 0x08, 1, 0] },
    { title: "with more pages than there are", body: [1, 0x00, ...encodeU32(65_537)] },
    { title: "with a maximum under its minimum", body: [1, 0x01, 2, 1] },
    { title: "followed by something", body: [1, 0x00, 1, 9] },
    { title: "one of too many", body: [...encodeU32(17), ...Array.from({ length: 17 }, () => [0, 0]).flat()] },
    { title: "of a count that cannot be", body: encodeU32(0xffff_ffff) },
    { title: "with a length that is too long a number", body: [1, 0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01] },
  ])("refuses a memory that is $title", ({ body }) => {
    expect(() => parseCoreModule(coreModule(section(5, body)))).toThrow(rejected);
  });
});

describe("capping", () => {
  test("writes a maximum where there is none or a larger one, and leaves the rest as it was", () => {
    const capped = capMemory(WHOLE, 3 * PAGE_BYTES);
    expect(parseCoreModule(capped)).toEqual({
      memories: [
        { minimum: 2, maximum: 3 },
        { minimum: 1, maximum: 3 },
      ],
      tables: [{ minimum: 10, maximum: TABLE_MAX_ELEMENTS }],
      importedMemories: [{ minimum: 2, maximum: 3 }],
    });
    expect(Buffer.from(capped).includes(Buffer.from(IMPORTS))).toBe(true);
    expect(Buffer.from(capped).includes(Buffer.from([...name("note"), 1, 2, 3]))).toBe(true);
  });

  test("refuses a memory that starts over the cap", () => {
    expect(() => capMemory(coreModule(memories([20])), MIB)).toThrow(rejected);
  });

  test("refuses a table that starts over the cap", () => {
    expect(() => capMemory(coreModule(section(4, [1, 0x70, 0, ...encodeU32(TABLE_MAX_ELEMENTS + 1)])), MIB)).toThrow(
      rejected,
    );
  });

  test("is idempotent", () => {
    const once = capMemory(WHOLE, MIB);
    expect(capMemory(once, MIB)).toEqual(once);
  });

  test("V8 keeps a memory under the maximum that was written", () => {
    const module = coreModule(memories([1]), section(7, [1, ...name("memory"), 2, 0]));
    const { Module, Instance } = Reflect.get(globalThis, "WebAssembly") as {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object) => { exports: { memory: { grow(pages: number): number } } };
    };
    const { memory } = new Instance(new Module(capMemory(module, 4 * PAGE_BYTES))).exports;
    expect(memory.grow(3)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });
});

describe("sharing a grant's memory out", () => {
  test("gives never less than a minimum and never more than the grant", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 16 }), fc.nat(4000), (minima, spare) => {
        const needed = minima.reduce((sum, minimum) => sum + minimum, 0);
        const shares = sharePages(minima, needed + spare);
        expect(shares.every((share, index) => share >= (minima[index] ?? 0))).toBe(true);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(needed + spare);
      }),
    );
  });

  test("gives what is left to the largest", () => {
    expect(sharePages([22, 0, 0], 512)).toEqual([480, 16, 16]);
  });

  test("refuses when the minima are over it", () => {
    expect(() => capModules([coreModule(memories([8])), coreModule(memories([9]))], MIB)).toThrow(rejected);
  });

  test("counts the memories of all modules together", () => {
    const capped = capModules([coreModule(memories([8])), coreModule(memories([2]))], MIB);
    const maxima = capped.flatMap((bytes) => parseCoreModule(bytes).memories.map(({ maximum }) => maximum ?? 0));
    expect(maxima.reduce((sum, pages) => sum + pages, 0)).toBe(16);
  });
});
