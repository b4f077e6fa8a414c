/**
 * @module What README.md says of the program is there, and what is there is in README.md.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { CommandContext } from "../../host/cli/context.ts";
import { createProgram } from "../../host/cli/program.ts";
import { COMMANDS } from "../../host/spec/environment.ts";
import { SUPPORTED_VERSIONS } from "../../host/spec/version.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const PAGES = ["README.md", "CHANGELOG.md", "host/README.md", "host/differences.md", "wit/README.md"];

/** Splits the rows of tables in a text into cells; the lines below heads are left out. */
function rowsOf(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.startsWith("|") && !/^\|[-| ]+\|$/u.test(line));
  return lines.map((line) =>
    line
      .split(/(?<!\\)\|/u)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function sectionOf(title: string): string {
  const [, section = ""] = README.split(`\n## ${title}\n`);
  return section.split("\n## ")[0] ?? "";
}

/** Gives the anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gmu)].map((match) => match[1] ?? "");
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function deadLinksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/gu)].map((match) => match[1] ?? "");
  return links.filter((link) => {
    if (/^https?:/u.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? join(ROOT, page) : join(ROOT, dirname(page), path);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(target, "utf8")).includes(anchor);
  });
}

test.for(PAGES)("every link of %s leads somewhere", (page) => {
  expect(deadLinksOf(page)).toEqual([]);
});

test("every command is described", () => {
  const program = createProgram({} as CommandContext);
  const described = rowsOf(sectionOf("Commands"))
    .map(([command = ""]) => command)
    .join(" ");
  const words = new Set(described.match(/[a-z]+(?:-[a-z]+)*/gu));
  expect(program.commands.map((command) => command.name()).filter((name) => !words.has(name))).toEqual([]);
});

test("every option of the whole program is described", () => {
  const described = sectionOf("Commands");
  const options = createProgram({} as CommandContext).options.map(({ long }) => `\`${String(long)}`);
  expect(options.filter((option) => !described.includes(option))).toEqual([]);
});

describe("the tables of compatibility", () => {
  const rows = rowsOf(sectionOf("Compatibility"));

  test("have no empty cell", () => {
    expect(rows.filter((cells) => cells.includes(""))).toEqual([]);
    expect(new Set(rows.map((cells) => cells.length))).toEqual(new Set([6, 3]));
  });

  test("have every verb by every face, in every version", () => {
    const [[, , ...versions] = [], ...verbs] = rows.filter((cells) => cells.length === 6);
    expect(versions.flatMap((head) => head.split(", "))).toEqual(SUPPORTED_VERSIONS);
    expect(new Set(verbs.map(([verb]) => verb))).toEqual(new Set(COMMANDS));
    expect(verbs).toHaveLength(COMMANDS.length * 3);
  });
});
