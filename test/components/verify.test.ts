import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeNames, verifyComponent, type Evidence } from "../../host/components/verify.ts";

const GOOD: Evidence = {
  imports: ["cnidaria:plugin/types@0.1.0", "cnidaria:plugin/container-namespace@0.1.0", "cnidaria:plugin/log@0.1.0"],
  exports: ["cnidaria:plugin/attachment@0.1.0", "init"],
  innerNames: ["$imports", "cm32p2|cnidaria:plugin/log@0.1|write", "[resource-drop]container-namespace"],
  manifest: { exports: ["attachment"], capabilities: { log: {} } },
};

test("accepts a component that is what its manifest says, and names what it uses", () => {
  expect(verifyComponent(GOOD)).toEqual({
    accepted: true,
    capabilities: ["log"],
    wasi: false,
    exports: ["attachment"],
  });
});

test("accepts one that uses less than its manifest asks for", () => {
  expect(
    verifyComponent({ ...GOOD, manifest: { exports: ["attachment"], capabilities: { log: {}, clock: {} } } }).accepted,
  ).toBe(true);
});

test("accepts a later patch of the contract's version", () => {
  expect(verifyComponent({ ...GOOD, imports: ["cnidaria:plugin/log@0.1.7"] }).accepted).toBe(true);
});

describe("refuses", () => {
  test.for<{ title: string; change: Partial<Evidence> }>([
    { title: "an import that the manifest does not list", change: { imports: ["cnidaria:plugin/masquerade@0.1.0"] } },
    {
      title: "an import with a name that is on every object",
      change: { imports: ["cnidaria:plugin/constructor@0.1.0"] },
    },
    { title: "another package", change: { imports: ["cnidaria:other/log@0.1.0"] } },
    { title: "an interface of an unknown package", change: { imports: ["evil:plugin/log@0.1.0"] } },
    { title: "a plain function", change: { imports: ["log"] } },
    { title: "a component by URL", change: { imports: ["url=<https://example.org/x.wasm>"] } },
    { title: "an import without a version", change: { imports: ["cnidaria:plugin/log"] } },
    { title: "the next minor version", change: { imports: ["cnidaria:plugin/log@0.2.0"] } },
    { title: "the next major version", change: { imports: ["cnidaria:plugin/log@1.0.0"] } },
    { title: "a version that only starts like ours", change: { imports: ["cnidaria:plugin/log@0.1.0-evil"] } },
    { title: "WASI that the manifest does not ask for", change: { imports: ["wasi:cli/environment@0.2.3"] } },
    { title: "an export that is not on the list", change: { exports: ["cnidaria:plugin/attachment@0.1.0", "run"] } },
    {
      title: "an export of a capability's interface",
      change: { exports: ["cnidaria:plugin/attachment@0.1.0", "cnidaria:plugin/log@0.1.0"] },
    },
    { title: "an export in a version that is not spoken", change: { exports: ["cnidaria:plugin/attachment@0.2.0"] } },
    {
      title: "an export that the manifest does not tell",
      change: { exports: ["cnidaria:plugin/attachment@0.1.0", "cnidaria:plugin/validate@0.1.0"] },
    },
    { title: "a missing export", change: { exports: ["init"] } },
    {
      title: "no verbs",
      change: {
        exports: ["cnidaria:plugin/validate@0.1.0"],
        manifest: { exports: ["validate"], capabilities: {} },
        imports: [],
      },
    },
    { title: "a quote in a name", change: { innerNames: ["'); process.exit(); ('"] } },
    { title: "a backtick in a name", change: { innerNames: ["`${x}`"] } },
    { title: "a newline in a name", change: { innerNames: ["a\nb"] } },
    { title: "a name of another script", change: { innerNames: ["\u2028"] } },
    { title: "a name that is too long", change: { innerNames: ["a".repeat(513)] } },
  ])("$title", ({ change }) => {
    const verdict = verifyComponent({ ...GOOD, ...change });
    expect(verdict.accepted).toBe(false);
    if (!verdict.accepted) expect(verdict.problems.length).toBeGreaterThan(0);
  });
});

describe("WASI", () => {
  const withWasi = (imports: string[]): boolean =>
    verifyComponent({ ...GOOD, imports, manifest: { exports: ["attachment"], capabilities: {}, wasi: true } }).accepted;

  test("is accepted where the manifest says so", () => {
    expect(withWasi(["wasi:cli/environment@0.2.3", "wasi:io/streams@0.2.12"])).toBe(true);
  });

  test.for([
    "wasi:http/outgoing-handler@0.2.3",
    "wasi:cli/environment@0.3.0",
    "wasi:cli/environment",
    "wasi:keyvalue/store@0.2.0",
  ])("never includes %s", (name) => expect(withWasi([name])).toBe(false));
});

test("a name is harmless exactly when all its characters are on the list", () => {
  const allowed = /^[A-Za-z0-9 #$()\-./:=>@[\]_|]*$/;
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", maxLength: 40 }),
      (text) => (judgeNames([text]).length === 0) === allowed.test(text),
    ),
  );
});
