import { beforeEach, expect, test } from "vitest";
import type { Nftables } from "../../host/kernel/nftables.ts";
import { endGuard, guardPort, hasSpoofGuard, judgeSpoofGuard, readGuard } from "../../host/kernel/spoof-guard.ts";
import { parseMac } from "../../host/spec/mac.ts";
import type { TestNamespace } from "./namespaces.ts";
import { MINE, OTHERS, openPacketFilter } from "./packet-filter.ts";

const ONE = { port: "vone", mac: parseMac("02:00:00:00:00:01") };
const TWO = { port: "vtwo", mac: parseMac("02:00:00:00:00:02") };

let node: TestNamespace;
let nftables: Nftables;

beforeEach(() => {
  ({ node, nftables } = openPacketFilter());
});
const ruleset = (): string => node.run("nft", "list", "ruleset").trim();

test("can be judged without being made", () => {
  judgeSpoofGuard(nftables);
  expect(ruleset()).toBe("");
  expect(hasSpoofGuard(nftables)).toBe(false);
});

test("makes elements with their owner's tag, and says what it has; with the last one nothing is left", () => {
  guardPort(nftables, { ...ONE, tag: MINE }, []);
  guardPort(nftables, { ...TWO, tag: OTHERS }, []);
  expect(ruleset()).toContain(`"vone" . 02:00:00:00:00:01 comment "cnidaria:${MINE}"`);
  expect(readGuard(nftables, ONE)).toEqual({ tag: MINE });
  expect(readGuard(nftables, { ...ONE, mac: TWO.mac })).toBeUndefined();
  endGuard(nftables, { ...TWO, tag: MINE });
  expect(readGuard(nftables, TWO)).toEqual({ tag: OTHERS });
  endGuard(nftables, { ...TWO, tag: OTHERS });
  endGuard(nftables, { ...TWO, tag: OTHERS });
  expect(readGuard(nftables, ONE)).toEqual({ tag: MINE });
  endGuard(nftables, { ...ONE, tag: MINE });
  expect(ruleset()).toBe("");
});

test("puts one address in place of another, and of what a link of the same name left behind", () => {
  guardPort(nftables, { ...ONE, tag: OTHERS }, []);
  guardPort(nftables, { ...ONE, tag: MINE }, []);
  expect(readGuard(nftables, ONE)).toEqual({ tag: MINE });
  const other = { ...ONE, mac: parseMac("02:00:00:00:00:09") };
  guardPort(nftables, { ...other, tag: MINE }, [ONE]);
  expect([readGuard(nftables, ONE), readGuard(nftables, other)]).toEqual([undefined, { tag: MINE }]);
  endGuard(nftables, { ...other, tag: MINE });
  expect(ruleset()).toBe("");
});

test("makes everything again when somebody flushed the packet filter", () => {
  guardPort(nftables, { ...ONE, tag: MINE }, []);
  node.run("nft", "flush", "ruleset");
  guardPort(nftables, { ...TWO, tag: MINE }, []);
  expect(readGuard(nftables, TWO)).toEqual({ tag: MINE });
});
