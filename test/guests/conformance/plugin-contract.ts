/**
 * @module What every plugin must do, whatever it is for. A driver runs the plugin; a subject says what to configure; an excuse is data
 * with a reason.
 */
import { describe, expect, test } from "vitest";

import type { JsonObject } from "../../../host/spec/json.ts";

/** One verb for one attachment. */
export interface Invocation {
  /** The plugin's configuration, as an operator writes it; `prevResult` in it is handed over as the previous result. */
  readonly configuration: JsonObject;
  /** Absent: `eth0`. */
  readonly ifname?: string;
  /** True: CNI_NETNS is empty, and the namespace is gone. DEL only. */
  readonly namespaceGone?: boolean;
  /** CNI_ARGS. */
  readonly args?: readonly (readonly [name: string, value: string])[];
}

/** Runs one plugin on a node of its own, which nothing else changes. Every verb rejects with an error that has CNI's `code`. */
export interface PluginDriver extends AsyncDisposable {
  /** Gives the result in the version of the configuration. CHECK and DEL get it as the previous result. */
  add(invocation: Invocation): Promise<JsonObject>;
  check(invocation: Invocation): Promise<void>;
  del(invocation: Invocation): Promise<void>;
  /** Names everything that is there, a sorted line each: links of node and container, addresses, routes, rules, leases. */
  inventory(): Promise<readonly string[]>;
}

/** One plugin under test. */
export interface Subject {
  readonly title: string;
  /** A configuration that works, with `cniVersion` and `name`. */
  readonly configuration: JsonObject;
  /** Changes to it that must be refused before anything is done. */
  readonly refused: readonly { readonly change: JsonObject; readonly code: number }[];
  /** Whether the plugin reads CNI_ARGS. */
  readonly readsArguments: boolean;
  /** Whether two attachments of one container can have the plugin. */
  readonly isPerLink: boolean;
  /** What ADD must give back when it is the previous result; absent: the plugin makes results of its own. */
  readonly previousResult?: JsonObject;
  /** What the result must have. */
  readonly result: JsonObject;
  open(): Promise<PluginDriver>;
  /** Rules that the plugin need not follow, with the reason. */
  readonly excuses?: Partial<Record<Rule, string>>;
}

type Body = (driver: PluginDriver, subject: Subject) => Promise<void>;

const RULES = {
  "ADD gives a result in the configuration's version": async (driver, { configuration, result }) => {
    expect(await driver.add({ configuration })).toMatchObject({ cniVersion: configuration["cniVersion"], ...result });
  },
  "CHECK passes what ADD made": async (driver, { configuration }) => {
    await driver.add({ configuration });
    await driver.check({ configuration });
  },
  "DEL leaves what was there before": async (driver, { configuration }) => {
    const before = await driver.inventory();
    await driver.add({ configuration });
    await driver.del({ configuration });
    expect(await driver.inventory()).toEqual(before);
  },
  "DEL a second time succeeds": async (driver, { configuration }) => {
    await driver.add({ configuration });
    await driver.del({ configuration });
    const after = await driver.inventory();
    await driver.del({ configuration });
    expect(await driver.inventory()).toEqual(after);
  },
  "DEL of what was never added succeeds": async (driver, { configuration }) => {
    const before = await driver.inventory();
    await driver.del({ configuration });
    expect(await driver.inventory()).toEqual(before);
  },
  "DEL without the namespace leaves nothing on the node": async (driver, { configuration }) => {
    const before = await driver.inventory();
    await driver.add({ configuration });
    await driver.del({ configuration, namespaceGone: true });
    expect(await driver.inventory()).toEqual(before);
  },
  "ADD works again after DEL": async (driver, { configuration }) => {
    const first = await driver.add({ configuration });
    await driver.del({ configuration });
    // Another address, perhaps: the one that was just given back is not the next.
    const second = await driver.add({ configuration });
    expect(Object.keys(second)).toEqual(Object.keys(first));
    await driver.check({ configuration });
  },
  "a configuration that is refused leaves nothing": async (driver, { configuration, refused }) => {
    const before = await driver.inventory();
    for (const { change, code } of refused) {
      await expect(driver.add({ configuration: { ...configuration, ...change } })).rejects.toMatchObject({ code });
      expect(await driver.inventory()).toEqual(before);
    }
  },
  "DEL after a refused ADD succeeds": async (driver, { configuration, refused }) => {
    for (const { change } of refused) {
      const refusedConfiguration = { ...configuration, ...change };
      await expect(driver.add({ configuration: refusedConfiguration })).rejects.toMatchObject({});
    }
    await driver.del({ configuration });
  },
  "fields that nobody knows change nothing": async (driver, { configuration, result }) => {
    const extended = {
      ...configuration,
      "example.com/unheard": { of: [1, null] },
      args: { other: true, cni: { labels: [] } },
    };
    expect(await driver.add({ configuration: extended })).toMatchObject(result);
    await driver.check({ configuration: extended });
    await driver.del({ configuration: extended });
  },
  "keys match whatever their case": async (driver, { configuration, result }) => {
    expect(await driver.add({ configuration: withUpperCaseKeys(configuration) })).toMatchObject(result);
  },
  "CNI_ARGS of others are passed over with IgnoreUnknown": async (driver, { configuration, result }) => {
    const args = [
      ["IgnoreUnknown", "1"],
      ["K8S_POD_NAME", "x"],
    ] as const;
    expect(await driver.add({ configuration, args })).toMatchObject(result);
  },
  "CNI_ARGS of others are refused without IgnoreUnknown": async (driver, { configuration, readsArguments }) => {
    const added = driver.add({ configuration, args: [["K8S_POD_NAME", "x"]] });
    if (readsArguments) await expect(added).rejects.toMatchObject({ code: 4 });
    else await added;
  },
  "two links of one container do not know of each other": async (driver, { configuration, isPerLink }) => {
    if (!isPerLink) return;
    await driver.add({ configuration });
    const one = await driver.inventory();
    await driver.add({ configuration, ifname: "eth1" });
    await driver.check({ configuration });
    await driver.del({ configuration, ifname: "eth1" });
    expect(await driver.inventory()).toEqual(one);
    await driver.check({ configuration });
  },
  "a previous result comes back whole": async (driver, { configuration, previousResult }) => {
    if (previousResult === undefined) return;
    const result = await driver.add({ configuration: { ...configuration, prevResult: previousResult } });
    expect(result).toMatchObject(previousResult);
  },
} as const satisfies Record<string, Body>;

/** Title of one rule. */
export type Rule = keyof typeof RULES;

/** Defines the tests of one plugin. */
export function describePluginContract(subject: Subject): void {
  describe(`${subject.title} keeps the contract of plugins`, () => {
    for (const [title, body] of Object.entries<Body>(RULES)) {
      // A rule that means nothing for a plugin is no test of it. The reason is with the subject.
      if (subject.excuses?.[title as Rule] !== undefined) continue;
      test(title, async () => {
        await using driver = await subject.open();
        await body(driver, subject);
      });
    }
  });
}

/** Upper-cases every key but the two that the host itself reads. */
function withUpperCaseKeys(value: JsonObject): JsonObject {
  const changed = Object.entries(value).map(([key, field]) => {
    const kept = ["cniVersion", "name", "type"].includes(key) ? key : key.toUpperCase();
    const isObject = typeof field === "object" && field !== null && !Array.isArray(field);
    return [kept, isObject ? withUpperCaseKeys(field as JsonObject) : field] as const;
  });
  return Object.fromEntries(changed);
}
