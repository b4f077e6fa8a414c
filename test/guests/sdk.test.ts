import { beforeAll, describe, expect, test } from "vitest";

import { CODES, PluginFailure, attempt, definePlugin, fail, must, toPluginError } from "../../guests/sdk/index.ts";
import { buildFixture } from "./fixtures/build.ts";
import type { LoadedComponent, TestImports } from "./instantiate.ts";
import { TestNamespace, loadComponent } from "./instantiate.ts";

/** What an import throws inside the engine. */
function importError(payload: unknown): unknown {
  return Object.assign(Object.create(null) as object, { payload });
}

function thrower(value: unknown): () => never {
  return () => {
    throw value;
  };
}

/** Gives what a function throws. */
function caughtFrom(run: () => unknown): unknown {
  try {
    run();
  } catch (caught) {
    return caught;
  }
  throw new Error("nothing was thrown");
}

describe("toPluginError", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;

  test.for([
    {
      title: "a failure",
      thrown: new PluginFailure(7, "no", "why"),
      record: { code: 7, message: "no", details: "why" },
    },
    {
      title: "an IPAM plugin's error",
      thrown: importError({ code: 11, message: "later" }),
      record: { code: 11, message: "later" },
    },
    {
      title: "a case",
      thrown: importError("not-permitted"),
      record: { code: 101, message: "the host answered not-permitted" },
    },
    { title: "an unknown case", thrown: importError("odd"), record: { code: 999, message: "the host answered odd" } },
    {
      title: "a programmer's mistake",
      thrown: new TypeError("x"),
      record: { code: 999, message: "the plugin failed: TypeError: x" },
    },
    { title: "text", thrown: "x", record: { code: 999, message: "the plugin failed: x" } },
    { title: "undefined", thrown: undefined, record: { code: 999, message: "the plugin failed: undefined" } },
    {
      title: "a cycle",
      thrown: cyclic,
      record: { code: 999, message: "the plugin failed: something that has no text" },
    },
  ])("maps $title", ({ thrown, record }) => {
    expect(toPluginError(thrown)).toEqual({ details: undefined, ...record });
  });
});

describe("attempt and must", () => {
  test("give the value of an import that works", () => {
    expect(attempt(() => 1)).toEqual({ ok: true, value: 1 });
    expect(must("count", () => 1)).toBe(1);
  });

  test("tell the case of an import that fails", () => {
    expect(attempt(thrower(importError("not-found")))).toEqual({ ok: false, error: "not-found" });
    expect(caughtFrom(() => must("read it", thrower(importError("taken"))))).toMatchObject({
      code: CODES.noAddress,
      message: "cannot read it: taken",
    });
    expect(caughtFrom(() => must("read it", thrower(importError("taken")), 120))).toMatchObject({ code: 120 });
  });

  test("pass on what is not a case", () => {
    const error = importError({ code: 11, message: "later" });
    expect(caughtFrom(() => attempt(thrower(error)))).toBe(error);
    expect(caughtFrom(() => must("get addresses", thrower(error)))).toBe(error);
  });
});

test("definePlugin wraps the verbs of every interface", () => {
  const { addresses, chained } = definePlugin({
    addresses: {
      add: () => fail(108, "none left"),
      del: () => {},
      check: () => {},
      status: thrower(new RangeError("deep")),
    },
    chained: { add: thrower("x"), del: () => {}, check: () => {} },
  });
  const request = {} as never;
  expect(caughtFrom(() => addresses.add(request))).toEqual({ code: 108, message: "none left", details: undefined });
  expect(caughtFrom(() => addresses.status(request))).toMatchObject({ code: 999 });
  expect(caughtFrom(() => chained.add(request))).not.toBeInstanceOf(Error);
  expect(addresses.del(request)).toBeUndefined();
});

describe("inside the engine", { timeout: 60_000 }, () => {
  let component: LoadedComponent;
  beforeAll(async () => {
    component = await loadComponent(await buildFixture("sdk"));
  });

  let drawn = 0;
  const imports: TestImports = {
    "container-links": { get: thrower("not-found") },
    ipam: { add: thrower({ code: 11, message: "later", details: "the pool is locked" }) },
    clock: { now: () => ({ seconds: 1_000, nanoseconds: 5_999_999 }) },
    random: { bytes: (count: number) => Uint8Array.from({ length: count }, (_, index) => (drawn += 37) + index) },
  };

  /** Calls ADD of a fresh instance; gives what it said, or the error it reported. */
  function act(name: string): unknown {
    const { attachment } = component.instantiate(imports);
    const runtimeConfig = { portMappings: [], ipRanges: [], ips: [], aliases: [] };
    const names = { cniVersion: "1.1.0", networkName: "n", containerId: "c", ifname: "eth0", netns: "" };
    const request = { ...names, args: [], runtimeConfig, configuration: name };
    try {
      const result = attachment?.["add"]?.(request, new TestNamespace()) as { extensions: string };
      return (JSON.parse(result.extensions) as { said: unknown }).said;
    } catch (caught) {
      return (caught as { payload: unknown }).payload;
    }
  }

  test.for([
    { name: "fail", wanted: { code: 7, message: "wrong configuration", details: "want less" } },
    {
      name: "typeError",
      wanted: { code: 999, message: expect.stringContaining("TypeError") as string, details: undefined },
    },
    { name: "string", wanted: { code: 999, message: "the plugin failed: only text", details: undefined } },
    { name: "attempt", wanted: "not-found" },
    { name: "must", wanted: { code: 999, message: 'cannot read link "eth9": not-found', details: undefined } },
    { name: "bare", wanted: { code: 999, message: "the host answered not-found", details: undefined } },
    { name: "ipam", wanted: { code: 11, message: "later", details: "the pool is locked" } },
    { name: "time", wanted: [1_000_005, "1970-01-01T00:16:40.005Z", "1970-01-01T00:00:00.000Z", 86_400_000] },
  ])("$name", ({ name, wanted }) => {
    expect(act(name)).toEqual(wanted);
  });

  test("two instances draw different numbers", () => {
    const first = act("random") as number[];
    const second = act("random") as number[];
    expect(first).not.toEqual(second);
    for (const number of [...first.slice(0, 2), ...second.slice(0, 2)]) {
      expect(number).toBeGreaterThanOrEqual(0);
      expect(number).toBeLessThan(1);
    }
    expect(first[2]).toMatch(/^[0-9a-f]{8}$/u);
  });
});
