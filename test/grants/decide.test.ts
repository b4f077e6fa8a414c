import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CAPABILITIES, CAPABILITY_NAMES } from "../../host/grants/capabilities/index.ts";
import { coversAdoption } from "../../host/grants/capabilities/node-links.ts";
import { decide } from "../../host/grants/decide.ts";
import { ALLOWED, REFUSED, veth } from "./decide-cases.ts";
import type { Case } from "./decide-cases.ts";
import { ALL, FACTS, anyOperation, scopes } from "./scenes.ts";

function judge({ operation, args, granted, facts }: Case): ReturnType<typeof decide> {
  return decide(
    { capabilities: granted === undefined ? ALL : scopes(granted) },
    { ...FACTS, ...facts },
    operation,
    args,
  );
}

describe("decide", () => {
  test.for(ALLOWED)("allows $operation: $why", (each) => {
    expect(judge(each)).toEqual({ allowed: true });
  });

  test.for(ALLOWED)("refuses the same without the grant: $operation", ({ operation, args, facts }) => {
    const name = operation.split(".")[0] ?? "";
    const others = Object.fromEntries(Object.entries(ALL).filter(([other]) => other !== name));
    const decision = decide({ capabilities: others }, { ...FACTS, ...facts }, operation, args);
    expect(decision).toEqual({
      allowed: false,
      reason: `${operation}: a grant of ${JSON.stringify(name)} would allow it`,
    });
  });

  test.for(REFUSED)("refuses $operation: $why", (each) => {
    expect(judge(each)).toMatchObject({ allowed: false });
  });

  test("a refusal names the grant that would allow it", () => {
    expect(
      judge({ why: "", operation: "container-links.create-veth", args: veth({ port: { bridge: "cni0" } }) }),
    ).toEqual({
      allowed: false,
      reason: 'container-links.create-veth: "node-links" with "cni0" in "bridges" would allow it',
    });
  });

  test("the empty grant allows nothing", () => {
    fc.assert(
      fc.property(anyOperation, ([operation, args]) => {
        expect(decide({ capabilities: {} }, FACTS, operation, args).allowed).toBe(false);
      }),
    );
  });

  test("never throws, whatever comes over the channel", () => {
    const known = CAPABILITY_NAMES.flatMap((name) =>
      CAPABILITIES[name].operations.map((operation) => `${name}.${operation}`),
    );
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...known), fc.string()), fc.array(fc.jsonValue()), (operation, args) => {
        decide({ capabilities: ALL }, FACTS, operation, args);
      }),
      { numRuns: 500 },
    );
  });
});

test("a bridge of somebody else needs its name under adopt", () => {
  expect(coversAdoption(ALL["node-links"], FACTS, "br0")).toBe(false);
  const adopting = scopes({ "node-links": { adopt: [{ configuration: "/bridge" }] } });
  expect(coversAdoption(adopting["node-links"], FACTS, "br0")).toBe(true);
  expect(coversAdoption(adopting["node-links"], FACTS, "docker0")).toBe(false);
  expect(coversAdoption(undefined, FACTS, "br0")).toBe(false);
});

test.for(CAPABILITY_NAMES)("%s is filed under its own name, and describes itself", (name) => {
  expect(CAPABILITIES[name].name).toBe(name);
  expect(ALL[name]).toBeDefined();
});
