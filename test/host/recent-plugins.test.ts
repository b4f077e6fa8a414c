import { expect, test } from "vitest";
import type { HelperClient } from "../../host/helper/client.ts";
import { warmRecentPlugins } from "../../host/recent-plugins.ts";
import { plugin } from "./fake-parts.ts";

const NAMES = ["host-local", "bridge", "portmap", "firewall", "tuning"];

/** Plugins that the helper lists, and a pool that writes down which it is to have ready. */
function scene(types: readonly string[], failing: readonly string[] = []) {
  const warmed: string[] = [];
  const request = (async () => ({ plugins: types.map((type) => plugin(type)) })) as unknown as HelperClient["request"];
  const warm = async ({ type }: { readonly type: string }): Promise<void> => {
    warmed.push(type);
    if (failing.includes(type)) throw new Error("it does not start");
  };
  return { warmed, parts: { client: { request }, pool: { warm } } };
}

test("what was called last is started in the order that the helper gives", async () => {
  const { warmed, parts } = scene(NAMES);
  await warmRecentPlugins(parts);
  expect(warmed).toEqual(NAMES);
});

test("one that does not start keeps none of the others from it", async () => {
  const { warmed, parts } = scene(NAMES, ["host-local", "firewall"]);
  await warmRecentPlugins(parts);
  expect(warmed).toEqual(NAMES);
});

test("a helper that is gone is nothing to report", async () => {
  const { parts } = scene([]);
  const request = (async () => {
    throw new Error("it is gone");
  }) as unknown as HelperClient["request"];
  await expect(warmRecentPlugins({ ...parts, client: { request } })).resolves.toBeUndefined();
});
