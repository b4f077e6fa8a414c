import { expect, test } from "vitest";
import { foldersOf, hexOf, isDigest, layoutOf, parseDigest } from "../../host/components/layout.ts";
import type { Digest } from "../../host/helper/protocol.ts";

const HEX = "ab".repeat(32);
const DIGEST: Digest = `sha256:${HEX}`;
const layout = layoutOf("/var/lib/cnidaria/");

test("everything lies below the state directory", () => {
  const paths = [
    ...foldersOf(layout),
    layout.version,
    layout.ledger,
    layout.component(DIGEST),
    layout.grant(DIGEST),
    layout.type("bridge"),
  ];
  expect(paths.filter((path) => !path.startsWith("/var/lib/cnidaria"))).toEqual([]);
});

test("a component's code lies with the component, by digest and key", () => {
  expect(layout.transpiledDir(DIGEST, "0123")).toBe(`/var/lib/cnidaria/components/${HEX}/transpiled-0123`);
  expect(layout.grant(DIGEST)).toBe(`/var/lib/cnidaria/grants/${HEX}.json`);
});

test.for([
  { title: "a way up", type: ".." },
  { title: "a slash", type: "a/b" },
  { title: "nothing", type: "" },
  { title: "a dot first, which is a temporary file", type: ".bridge" },
  { title: "a NUL", type: "a\0b" },
])("refuses a type that would be $title", ({ type }) => {
  expect(() => layout.type(type)).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
});

test.for([
  { title: "another algorithm", text: `sha512:${HEX}` },
  { title: "capital letters", text: `sha256:${HEX.toUpperCase()}` },
  { title: "too few digits", text: `sha256:${HEX.slice(1)}` },
  { title: "a newline at its end", text: `sha256:${HEX}\n` },
])("refuses a digest with $title", ({ text }) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ kind: "componentRejected" }));
  expect(() => hexOf(text as Digest)).toThrow(expect.objectContaining({ kind: "componentRejected" }));
});
