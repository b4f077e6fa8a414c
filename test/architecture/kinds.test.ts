/**
 * @module Kinds of rows of the ledger: what is written down can be undone and compared with the kernel.
 */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { OWNED_KINDS, SHARED_KINDS } from "../../host/helper/kinds/index.ts";

const HELPER = resolve(import.meta.dirname, "../../host/helper");

test.for(Object.entries(OWNED_KINDS))("what one attachment owns, $0: undone, compared, put back", ([, kind]) => {
  expect(Object.keys(kind).sort()).toEqual(["compare", "objects", "repair", "undo"]);
});

test.for(Object.entries(SHARED_KINDS))("what attachments share, $0: taken down, compared, put back", ([, kind]) => {
  expect(Object.keys(kind).sort()).toEqual(["compare", "dismantle", "objects", "repair"]);
});

test("every kind of a module is in the table", () => {
  const inTable = [...Object.values(OWNED_KINDS), ...Object.values(SHARED_KINDS)].length;
  const defined = globSync(`${HELPER}/kinds/*.ts`).flatMap((file) => [
    ...readFileSync(file, "utf8").matchAll(/^export const \w+: (Owned|Shared)Kind = /gmu),
  ]);
  expect(inTable).toBe(defined.length);
});

test("every kind that an operation writes down is in the table", () => {
  const known = new Set([...Object.keys(OWNED_KINDS), ...Object.keys(SHARED_KINDS)]);
  const files = globSync(join(HELPER, "{operations,methods}/*.ts"));
  const written = files.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    if (!/ledger(\.shared)?\.(intent|share)\(|putForAddresses\(|shareLater\(/u.test(text)) return [];
    const literal = [...text.matchAll(/\bkind: "([a-z-]+)",\n\s*key/gu)];
    const constant = [...text.matchAll(/^(?:export )?const KIND = "([a-z-]+)"/gmu)];
    return [...literal, ...constant].map(([, name = ""]) => name);
  });
  expect(written.length).toBeGreaterThan(5);
  expect(written.filter((name) => !known.has(name))).toEqual([]);
});
