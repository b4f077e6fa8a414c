/**
 * @module The list of fault points, the code that passes them, and that no program that is shipped can be told to act there.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { faultPoints, passPoint, watchFaultPoints, withinPoints } from "../../host/spec/fault-points.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LIST = join("host", "spec", "fault-points.ts");

afterEach(() => watchFaultPoints(undefined));

function watched(run: () => void): string[] {
  const passed: string[] = [];
  watchFaultPoints((name, detail) => passed.push(`${name} ${detail}`.trim()));
  run();
  return passed;
}

test("the list names every point once", () => {
  expect(new Set(faultPoints()).size).toBe(faultPoints().length);
});

// That the code passes no others, the compiler says.
test("the code passes every point of the list", () => {
  const files = globSync("host/**/*.ts", { cwd: ROOT }).filter((file) => file !== LIST);
  const code = files.map((file) => readFileSync(join(ROOT, file), "utf8")).join("\n");
  const isPassed = (point: string): boolean => {
    const pair = point.replace(/:(before|after)$/u, "");
    const record = pair.replace(/^ledger\./u, "");
    const calls = [
      `withinPoints("${pair}"`,
      `passPoint("${pair}"`,
      ...(record === pair ? [] : [`recorded("${record}"`]),
    ];
    const oneLine = code.replace(/\(\s+"/gu, '("');
    return calls.some((call) => oneLine.includes(call));
  };
  expect(faultPoints().filter((point) => !isPassed(point))).toEqual([]);
});

test("no other file of host/ has points watched, and no bundle has a way to", () => {
  const files = globSync("host/**/*.ts", { cwd: ROOT }).filter((file) => file !== LIST);
  expect(files.filter((file) => readFileSync(join(ROOT, file), "utf8").includes("watchFaultPoints"))).toEqual([]);
  const bundles = globSync("dist/*.{js,mjs,cjs}", { cwd: ROOT });
  expect(bundles).not.toEqual([]);
  expect(bundles.filter((file) => readFileSync(join(ROOT, file), "utf8").includes("watchFaultPoints"))).toEqual([]);
});

test("a pair is passed around what it names, and the second one not where that fails", async () => {
  const passed = watched(() => {
    expect(withinPoints("helper.undo", "veth", () => 1)).toBe(1);
    passPoint("helper.end");
    expect(() =>
      withinPoints("kernel.change", "RTM_NEWLINK", () => {
        throw new Error("no");
      }),
    ).toThrow("no");
  });
  expect(passed).toEqual([
    "helper.undo:before veth",
    "helper.undo:after veth",
    "helper.end",
    "kernel.change:before RTM_NEWLINK",
  ]);
  const later: string[] = [];
  watchFaultPoints((name) => later.push(name));
  const { promise, resolve } = Promise.withResolvers<number>();
  const within = withinPoints("helper.recover", "ADD", () => promise);
  expect(later).toEqual(["helper.recover:before"]);
  resolve(2);
  expect(await within).toBe(2);
  expect(later).toEqual(["helper.recover:before", "helper.recover:after"]);
});

test("nobody is told where nobody watches, and what a watcher throws is thrown at the point", () => {
  expect(withinPoints("ledger.intent", "", () => 3)).toBe(3);
  watchFaultPoints(() => {
    throw new Error("refused");
  });
  expect(() => passPoint("helper.answer")).toThrow("refused");
});
