import type { Route } from "cnidaria:plugin/container-routes@0.1.0";
import type { Rule } from "cnidaria:plugin/container-rules@0.1.0";
import type { AttachmentResult } from "cnidaria:plugin/types@0.1.0";
import { describe, expect, test } from "vitest";

import { failing, failureOf } from "./fakes.ts";
import { CONTAINER, cidr, requestOf } from "./requests.ts";
import { type Changes, ONE, requested, resultOf, ruleText, sbrWith, textOf, V4, V6 } from "./sbr-fakes.ts";

/** What ADD has made of routes and rules. */
function added(configuration: object, previousResult: AttachmentResult, changes: Changes = {}) {
  const { calls, plugin } = sbrWith(changes);
  expect(plugin.add(requested(configuration, previousResult), CONTAINER)).toBe(previousResult);
  const listOf = <Item>(name: string): readonly Item[] =>
    calls.filter(([each]) => each === name).flatMap((call) => call.find((each) => Array.isArray(each)) as Item[]);
  return {
    added: listOf<Route>("containerRoutes.add").map(textOf),
    deleted: listOf<Route>("containerRoutes.delete").map(textOf),
    rules: listOf<Rule>("containerRules.add").map(ruleText),
    names: calls.map(([name]) => name),
  };
}

describe("ADD", () => {
  test("moves the routes of the link into a table of its own, and has packets from its address routed by that", () => {
    const { names, ...made } = added({}, ONE);
    expect(made).toEqual({
      added: ["10.1.0.0/24 src 10.1.0.2 table 100", "0.0.0.0/0 via 10.1.0.1 table 100"],
      deleted: V4,
      rules: ["10.1.0.2/32 100"],
    });
    // The main table loses its routes last.
    expect(names.slice(-3)).toEqual(["containerRoutes.add", "containerRules.add", "containerRoutes.delete"]);
  });

  test("takes the first table that nobody uses, and one for each address", () => {
    const two = resultOf(["10.1.0.2/24", "10.1.0.1"], ["10.2.0.2/24", "10.2.0.1"]);
    const routes = [...V4, "10.2.0.0/24 src 10.2.0.2", "192.0.2.0/24 via 10.2.0.7", "198.51.100.0/24"];
    const made = added({}, two, { routes, used: [100, 102] });
    expect(made.rules).toEqual(["10.1.0.2/32 101", "10.2.0.2/32 103"]);
    expect(made.added).toEqual([
      "10.1.0.0/24 src 10.1.0.2 table 101",
      "198.51.100.0/24 table 101",
      "10.2.0.0/24 src 10.2.0.2 table 103",
      "198.51.100.0/24 table 103",
      "0.0.0.0/0 via 10.1.0.1 table 101",
      "192.0.2.0/24 via 10.2.0.7 table 103",
      "0.0.0.0/0 via 10.2.0.1 table 103",
    ]);
    expect(made.deleted).toEqual(routes);
  });

  test("keeps the families apart, and leaves link-local routes where they are", () => {
    const dual = resultOf(["10.1.0.2/24", "10.1.0.1"], ["2001:db8::2/64", "2001:db8::1"]);
    const made = added({}, dual, { routes: [...V4, ...V6] });
    expect(made.rules).toEqual(["10.1.0.2/32 100", "2001:db8::2/128 101"]);
    expect(made.added.filter((text) => text.includes(":"))).toEqual([
      "2001:db8::/64 table 101 metric 256",
      "::/0 via 2001:db8::1 table 101 metric 1024",
    ]);
    expect(made.deleted).not.toContain("fe80::/64 metric 256");
    expect(added({}, ONE, { routes: [...V4, ...V6] }).deleted).toEqual(V4);
  });

  test("adds a default route where the main table has none: over the gateway of the address", () => {
    expect(added({}, ONE, { routes: V4.slice(0, 1) }).added).toContain("0.0.0.0/0 via 10.1.0.1 table 100");
  });

  test("copies a default route as it is, and routes over a gateway outside the subnet", () => {
    const alone = resultOf(["10.1.0.2/32", "169.254.1.1"]);
    const routes = ["169.254.1.1/32", "0.0.0.0/0 via 169.254.1.1 metric 5"];
    expect(added({}, alone, { routes }).added).toEqual([
      "169.254.1.1/32 table 100",
      "0.0.0.0/0 via 169.254.1.1 table 100 metric 5",
    ]);
  });

  test("has configured gateways in place of the addresses' own, and of default routes", () => {
    const dual = resultOf(["10.1.0.2/24", "10.1.0.1"], ["2001:db8::2/64"]);
    const made = added({ gateways: ["10.1.0.254", "2001:db8::ff"] }, dual, { routes: [...V4, ...V6] });
    expect(made.added.filter((text) => /^(0\.0\.0\.0|::)\/0/u.test(text))).toEqual([
      "0.0.0.0/0 via 10.1.0.254 table 100",
      "::/0 via 2001:db8::ff table 101",
    ]);
  });

  test("leaves routes of other tables alone", () => {
    const made = added({}, ONE, { routes: [...V4, "192.0.2.0/24 via 10.1.0.9 table 7"] });
    expect([...made.added, ...made.deleted].join()).not.toContain("192.0.2.0");
  });

  test("adds rules alone where the configuration names a table", () => {
    const dual = resultOf(["10.1.0.2/24"], ["2001:db8::2/64"]);
    expect(added({ table: 4000 }, dual)).toEqual({
      added: [],
      deleted: [],
      rules: ["10.1.0.2/32 4000", "2001:db8::2/128 4000"],
      names: ["containerRules.add"],
    });
  });

  test("with addSourceHints keeps the routes to the subnets, with a source", () => {
    const dual = resultOf(["10.1.0.2/24", "10.1.0.1"], ["2001:db8::2/64", "2001:db8::1"]);
    const made = added({ addSourceHints: true }, dual, { routes: [...V4, ...V6] });
    expect(made.added.at(-1)).toBe("2001:db8::/64 src 2001:db8::2 metric 256");
    expect(made.names.at(-1)).toBe("containerRoutes.add");
    expect(made.added).toContain("10.1.0.0/24 src 10.1.0.2 table 100");
    expect(made.deleted).toEqual([
      "0.0.0.0/0 via 10.1.0.1",
      "2001:db8::/64 metric 256",
      "::/0 via 2001:db8::1 metric 1024",
    ]);
  });

  test.for<{ title: string; configuration?: object; previousResult?: AttachmentResult; code: number; text: RegExp }>([
    {
      title: "an address without a gateway",
      previousResult: resultOf(["10.1.0.2/24"]),
      code: 7,
      text: /10\.1\.0\.2\/24 has no gateway/u,
    },
    {
      title: "a gateway of the other family alone",
      configuration: { gateways: ["2001:db8::1"] },
      previousResult: resultOf(["10.1.0.2/24"]),
      code: 7,
      text: /no gateway/u,
    },
    { title: "no address of the link", previousResult: resultOf(), code: 7, text: /no address of link "eth0"/u },
    {
      title: "two gateways of a family",
      configuration: { gateways: ["10.1.0.1", "10.1.0.3"] },
      code: 7,
      text: /at most one gateway of ipv4/u,
    },
    { title: "a gateway that is none", configuration: { gateways: ["10.1.0"] }, code: 7, text: /gateways\[0\]/u },
    { title: "gateways as a text", configuration: { gateways: "10.1.0.1" }, code: 6, text: /gateways/u },
    { title: "table 0", configuration: { table: 0 }, code: 7, text: /table/u },
    { title: "the kernel's own table", configuration: { table: 255 }, code: 7, text: /table/u },
    { title: "a table as text", configuration: { table: "100" }, code: 6, text: /table/u },
  ])("refuses $title, and changes nothing", ({ configuration = {}, previousResult = ONE, code, text }) => {
    const { plugin, calls } = sbrWith({ routes: V4.slice(0, 1) });
    const failure = failureOf(() => plugin.add(requested(configuration, previousResult), CONTAINER));
    expect(failure).toMatchObject({ code, message: expect.stringMatching(text) as unknown });
    expect(calls.filter(([name]) => /add|delete/u.test(name))).toEqual([]);
  });

  test("needs a previous result", () => {
    const { plugin, calls } = sbrWith();
    for (const verb of [plugin.add, plugin.check])
      expect(failureOf(() => verb(requestOf({}), CONTAINER))).toMatchObject({
        code: 7,
        message: expect.stringContaining("prevResult is missing") as unknown,
      });
    expect(calls).toEqual([]);
  });

  test("reports a rule that is there already", () => {
    const { plugin } = sbrWith({ addRules: failing("already-exists") });
    expect(failureOf(() => plugin.add(requested({}), CONTAINER))).toMatchObject({ code: 109 });
  });
});

const rule = (source: string, table: number): Rule => ({ source: cidr(source), table });
const OWN = rule("10.1.0.2/32", 100);

describe("DEL", () => {
  const deleted = (configuration: object, rules: readonly Rule[]): readonly string[] => {
    const { plugin, calls } = sbrWith({ rules });
    plugin.del(requested(configuration), CONTAINER);
    const call = calls.find(([name]) => name === "containerRules.delete");
    return (call?.find((each) => Array.isArray(each)) as Rule[] | undefined)?.map(ruleText) ?? [];
  };

  test("deletes the rules of the link's addresses, and nobody else's", () => {
    const others = [rule("10.9.0.2/32", 100), rule("10.1.0.0/24", 100), rule("10.1.0.2/32", 50)];
    expect(deleted({}, [OWN, ...others])).toEqual(["10.1.0.2/32 100"]);
  });

  test("deletes those of the configured table alone", () => {
    expect(deleted({ table: 50 }, [OWN, rule("10.1.0.2/32", 50)])).toEqual(["10.1.0.2/32 50"]);
  });

  test.for(["no-namespace", "limit-reached", "not-permitted"])(
    "succeeds when the rules cannot be read: %s",
    (error) => {
      const { plugin } = sbrWith({ listRules: failing(error) });
      plugin.del(requested({}), CONTAINER);
    },
  );

  test("succeeds without namespace, without a previous result, and with a configuration that ADD refuses", () => {
    const { plugin, calls } = sbrWith({ rules: [OWN] });
    plugin.del(requested({}, ONE, { netns: "" }), CONTAINER);
    plugin.del(requestOf({}), CONTAINER);
    expect(calls).toEqual([]);
    plugin.del(requested({ gateways: 5, table: "x" }), CONTAINER);
  });
});

describe("CHECK", () => {
  const inTable = ["10.1.0.0/24 src 10.1.0.2 table 100", "0.0.0.0/0 via 10.1.0.1 table 100"];
  const check = (configuration: object, changes: Changes): void =>
    sbrWith(changes).plugin.check(requested(configuration), CONTAINER);

  test("passes what ADD made", () => {
    check({}, { rules: [OWN], routes: inTable });
    check({ table: 7 }, { rules: [rule("10.1.0.2/32", 7)], routes: [] });
    check({ gateways: ["10.1.0.1"] }, { rules: [OWN], routes: inTable });
  });

  test.for<{ title: string; configuration?: object; changes: Changes; text: string }>([
    { title: "a rule", changes: { routes: inTable }, text: "no rule leads from 10.1.0.2/24" },
    { title: "a rule to the table", configuration: { table: 7 }, changes: { rules: [OWN] }, text: "to table 7" },
    { title: "the default route", changes: { rules: [OWN], routes: inTable.slice(0, 1) }, text: "default route" },
    { title: "the default route in that table", changes: { rules: [OWN], routes: V4 }, text: "default route" },
    {
      title: "the configured gateway",
      configuration: { gateways: ["10.1.0.9"] },
      changes: { rules: [OWN], routes: inTable },
      text: "over 10.1.0.9",
    },
  ])("misses $title", ({ configuration = {}, changes, text }) => {
    expect(failureOf(() => check(configuration, changes))).toMatchObject({
      code: 999,
      message: expect.stringContaining(text) as unknown,
    });
  });
});
