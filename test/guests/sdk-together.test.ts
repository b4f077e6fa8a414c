import { describe, expect, test } from "vitest";

import { allTogether, type Step, together } from "../../guests/sdk/index.ts";
import { type Call, failing, failureOf, record, withBatch } from "./fakes.ts";
import { namesOf } from "./bridge-fakes.ts";

type Operation = () => void;

/** Steps of as many operations, some of which fail with a case. */
function stepsOf(cases: readonly (string | undefined)[], tolerated: readonly string[] = []) {
  const calls: Call[] = [];
  const operations = Object.fromEntries(
    cases.map((error, index) => [`op${index}`, error === undefined ? () => undefined : failing(error)] as const),
  ) as Record<string, Operation>;
  const { face, batch } = withBatch(record({ face: operations }, calls));
  const steps = Object.keys(face).map((name): Step => ({ what: `do ${name}`, act: () => face[name]?.(), tolerated }));
  return { calls, batch, steps };
}

describe("together", () => {
  test("does everything in order", () => {
    const { calls, batch, steps } = stepsOf([undefined, undefined]);
    together(batch, steps);
    expect(namesOf(calls)).toEqual(["face.op0", "face.op1"]);
  });

  test("stops at the first failure, and names it", () => {
    const { calls, batch, steps } = stepsOf([undefined, "conflict", undefined]);
    expect(failureOf(() => together(batch, steps))).toMatchObject({ code: 109, message: "cannot do op1: conflict" });
    expect(namesOf(calls)).toEqual(["face.op0", "face.op1"]);
  });

  test("goes on after a failure that is tolerated", () => {
    const { calls, batch, steps } = stepsOf(["not-found", undefined, "not-found"], ["not-found"]);
    together(batch, steps);
    expect(namesOf(calls)).toEqual(["face.op0", "face.op1", "face.op2"]);
  });

  test("without steps asks for nothing", () => {
    expect(() => together({ begin: failing("begun"), run: failing("run") }, [])).not.toThrow();
  });
});

test("allTogether goes on after every failure, and gives them all", () => {
  const { calls, batch, steps } = stepsOf(["busy", undefined, "unheard-of"]);
  expect(allTogether(batch, steps)).toMatchObject([
    { code: 11, message: "cannot do op0: busy" },
    { code: 999, message: "cannot do op2: unheard-of" },
  ]);
  expect(namesOf(calls)).toEqual(["face.op0", "face.op1", "face.op2"]);
});
