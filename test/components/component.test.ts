import fc from "fast-check";
import { expect, test } from "vitest";
import { MANIFEST_SECTION, parseComponent } from "../../host/components/component.ts";
import { isCniError } from "../../host/spec/error.ts";
import { buildFixture } from "../guests/fixtures/build.ts";
import { component, coreModule, custom, instanceExports, instanceImports, name, section } from "./bytes.ts";

const rejected = expect.objectContaining({ kind: "componentRejected" });
const LOG = "cnidaria:plugin/log@0.1.0";
const ATTACHMENT = "cnidaria:plugin/attachment@0.1.0";

test("finds imports, exports, core modules and the manifest", () => {
  const inner = component(instanceImports("a:b/c"), section(1, [...coreModule()]));
  const outer = component(
    instanceImports(LOG),
    section(1, [...coreModule()]),
    section(4, [...inner]),
    instanceExports(ATTACHMENT),
    custom(MANIFEST_SECTION, "{}"),
  );
  const parsed = parseComponent(outer);
  expect(parsed).toMatchObject({ imports: [LOG], exports: [ATTACHMENT], innerNames: ["a:b/c"] });
  expect(parsed.coreModules).toHaveLength(2);
  expect(Buffer.from(parsed.manifest ?? []).toString()).toBe("{}");
});

test("reads imports and exports of every kind", () => {
  const kinds = [
    [0x00, 0x11, 0x00],
    [0x01, 0x00],
    [0x02, 0x00, 0x01],
    [0x02, 0x01, 0x7f],
    [0x03, 0x00, 0x05],
    [0x03, 0x01],
    [0x04, 0x00],
    [0x05, 0x00],
  ];
  const imports = section(10, [kinds.length, ...kinds.flatMap((kind, index) => [0x00, ...name(`n${index}`), ...kind])]);
  const exports = section(11, [
    2,
    0x00,
    ...name("core"),
    0x00,
    0x11,
    0x00,
    0x00,
    0x00,
    ...name("f"),
    0x01,
    0x00,
    0x01,
    0x01,
    0x00,
  ]);
  expect(parseComponent(component(imports, exports))).toMatchObject({
    imports: kinds.map((_, index) => `n${index}`),
    exports: ["core", "f"],
  });
});

test.for([
  { title: "a core module", bytes: coreModule() },
  { title: "nothing", bytes: new Uint8Array() },
  { title: "a name of an unknown kind", bytes: component(section(10, [1, 0x02, ...name("x"), 0x05, 0x00])) },
  { title: "an import of an unknown kind", bytes: component(section(10, [1, 0x00, ...name("x"), 0x09, 0x00])) },
  { title: "a name that is not UTF-8", bytes: component(section(10, [1, 0x00, 1, 0xff, 0x05, 0x00])) },
  { title: "two manifests", bytes: component(custom(MANIFEST_SECTION, "{}"), custom(MANIFEST_SECTION, "{}")) },
  { title: "a section longer than the file", bytes: component([1, 100]) },
  { title: "components nested too deep", bytes: nested(9) },
])("refuses $title", ({ bytes }) => {
  expect(() => parseComponent(bytes)).toThrow(rejected);
});

test("answers any bytes with a component or a refusal, nothing else", () => {
  const sections = fc.array(fc.tuple(fc.constantFrom(0, 1, 4, 7, 10, 11), fc.array(fc.nat(255), { maxLength: 40 })), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(sections, (parts) => {
      try {
        parseComponent(component(...parts.map(([id, body]) => section(id, body))));
      } catch (error) {
        expect(isCniError(error)).toBe(true);
      }
    }),
  );
});

test("reads a component that a toolchain made, and refuses it cut short", async () => {
  const bytes = await buildFixture("no-op");
  const { imports, exports, manifest } = parseComponent(bytes);
  expect(exports).toContain(ATTACHMENT);
  expect(imports).toContain("cnidaria:plugin/types@0.1.0");
  expect(JSON.parse(Buffer.from(manifest ?? []).toString())).toMatchObject({ manifestVersion: 1 });
  expect(() => parseComponent(bytes.subarray(0, bytes.byteLength - 1))).toThrow(rejected);
});

function nested(depth: number): Uint8Array {
  return depth === 0 ? component() : component(section(4, [...nested(depth - 1)]));
}
