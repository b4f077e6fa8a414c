import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { readErrorCases, readItems } from "./parse.ts";

const WIT = path.join(import.meta.dirname, "..", "..", "wit");
const FILES = readdirSync(WIT).filter((name) => name.endsWith(".wit"));
const EXPORTED = new Set(["attachment", "chained", "addresses", "network", "container", "validate"]);
const WORLD = readFileSync(path.join(WIT, "world.wit"), "utf8");
const README = readFileSync(path.join(WIT, "README.md"), "utf8");

/** What a bullet under "# Errors" may be besides a case of the interface's enum. */
const OTHER_BULLET = /^- (?:none\.|any `(?:plugin-error|failure)`|code \d+|as `add`\.|every problem)/u;

describe.for(FILES.filter((name) => name !== "world.wit"))("%s", (file) => {
  const text = readFileSync(path.join(WIT, file), "utf8");
  const items = readItems(text);
  const name = path.basename(file, ".wit");

  test("holds the one interface of its name", () => {
    expect(items.filter((item) => item.kind === "interface").map((item) => item.name)).toEqual([name]);
  });

  test("is in the world and in the README", () => {
    expect(WORLD).toContain(`${EXPORTED.has(name) ? "export" : "import"} ${name};`);
    expect(README).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, "m"));
  });

  test("documents every item", () => {
    expect(items.filter((item) => (item.docs[0] ?? "") === "").map((item) => item.name)).toEqual([]);
  });

  test("says since when there is each item", () => {
    expect(items.filter((item) => item.parent === undefined && !item.since).map((item) => item.name)).toEqual([]);
  });

  test("says how each function fails, in the cases of its own enum", () => {
    const cases = new Set(items.filter((item) => item.parent === "error-code").map((item) => item.name));
    for (const item of items.filter(({ kind }) => kind === "func")) {
      expect(item.docs, item.name).toContain("# Errors");
      const unknown = readErrorCases(item.docs).filter((name) => !cases.has(name));
      expect(unknown, `${item.name}: cases that the enum does not have`).toEqual([]);
      const bullets = item.docs.slice(item.docs.indexOf("# Errors") + 1);
      const odd = bullets.filter((line) => !/^- `[a-z0-9-]+`:/u.test(line) && !OTHER_BULLET.test(line));
      expect(odd, item.name).toEqual([]);
      expect(bullets.length, item.name).toBeGreaterThan(0);
    }
  });

  test("names the grant that each function needs, before its errors", () => {
    if (EXPORTED.has(name)) return;
    for (const item of items.filter(({ kind }) => kind === "func")) {
      const grant = item.docs.findIndex((line) => line.startsWith("Needs grant: "));
      expect(grant, item.name).toBeGreaterThan(0);
      expect(grant, item.name).toBeLessThan(item.docs.indexOf("# Errors"));
    }
  });

  test("has no 64-bit integer", () => {
    expect(text).not.toMatch(/\b[us]64\b/u);
  });
});

test("the reader of these files sees what it should", () => {
  const items = readItems(
    "/// One.\n@since(version = 0.1.0)\ninterface a {\n  enum error-code {\n    /// Bad.\n    bad,\n    worse,\n  }\n  %list: func() -> bool;\n}\n",
  );
  expect(items.map(({ kind, name, docs, since, parent }) => [kind, name, docs.length, since, parent])).toEqual([
    ["interface", "a", 1, true, undefined],
    ["enum", "error-code", 0, false, undefined],
    ["case", "bad", 1, false, "error-code"],
    ["case", "worse", 0, false, "error-code"],
    ["func", "list", 0, false, undefined],
  ]);
  expect(readErrorCases(["Does.", "", "# Errors", "- `bad`: when it is.", "- none."])).toEqual(["bad"]);
});
