import { beforeEach, expect, test } from "vitest";
import { addIsolation, judgeIsolation, readIsolation, removeIsolation } from "../../host/kernel/isolation.ts";
import type { Nftables } from "../../host/kernel/nftables.ts";
import type { TestNamespace } from "./namespaces.ts";
import { MINE, OTHERS, openPacketFilter } from "./packet-filter.ts";

let node: TestNamespace;
let nftables: Nftables;

beforeEach(() => {
  ({ node, nftables } = openPacketFilter());
});

const ruleset = (): string => node.run("nft", "list", "ruleset").replaceAll(/\n\n/gu, "\n");

test("can be judged without being made", () => {
  judgeIsolation(nftables);
  expect(ruleset()).toBe("");
  addIsolation(nftables, { bridge: "cni0", isClosed: true, tag: MINE });
  expect(() => judgeIsolation(nftables)).not.toThrow();
});

test("makes table, chains and the elements of a bridge", () => {
  addIsolation(nftables, { bridge: "cni0", isClosed: false, tag: MINE });
  addIsolation(nftables, { bridge: "cni1", isClosed: true, tag: OTHERS });
  const text = ruleset();
  expect(text).toContain(`elements = { "cni0" . "cni0" comment "cnidaria:${MINE}" : accept }`);
  expect(text).toContain(`"cni1" comment "cnidaria:${OTHERS}" : goto isolation_leaving`);
  expect(text).toContain(`"cni1" comment "cnidaria:${OTHERS}" : drop`);
  expect(text).toContain(`	chain isolation_leaving {
		oifname vmap @isolation_to
	}
	chain isolation {
		type filter hook forward priority filter + 5; policy accept;
		iifname . oifname vmap @isolation_within
		iifname vmap @isolation_from
	}
`);
});

test("says how a bridge is isolated", () => {
  for (const [bridge, isClosed] of [
    ["cni0", false],
    ["cni0.1234567890", true],
  ] as const) {
    expect(readIsolation(nftables, bridge)).toBeUndefined();
    addIsolation(nftables, { bridge, isClosed, tag: MINE });
    expect(readIsolation(nftables, bridge)).toEqual({ bridge, isClosed, tag: MINE });
  }
});

test("keeps what the same owner has, and refuses another owner and another way", () => {
  addIsolation(nftables, { bridge: "cni0", isClosed: false, tag: MINE });
  const before = ruleset();
  addIsolation(nftables, { bridge: "cni0", isClosed: false, tag: MINE });
  for (const other of [
    { isClosed: false, tag: OTHERS },
    { isClosed: true, tag: MINE },
  ])
    expect(() => addIsolation(nftables, { bridge: "cni0", ...other })).toThrow(
      expect.objectContaining({ errno: "EEXIST" }),
    );
  expect(ruleset()).toBe(before);
});

test("removes an owner's, nobody else's, and leaves nothing with the last", () => {
  addIsolation(nftables, { bridge: "cni0", isClosed: false, tag: MINE });
  addIsolation(nftables, { bridge: "cni1", isClosed: true, tag: OTHERS });
  removeIsolation(nftables, { bridge: "cni1", tag: MINE });
  removeIsolation(nftables, { bridge: "cni2", tag: MINE });
  expect(readIsolation(nftables, "cni1")?.tag).toBe(OTHERS);
  removeIsolation(nftables, { bridge: "cni0", tag: MINE });
  expect(readIsolation(nftables, "cni0")).toBeUndefined();
  expect(ruleset()).not.toContain("cni0");
  removeIsolation(nftables, { bridge: "cni1", tag: OTHERS });
  expect(ruleset()).toBe("");
  removeIsolation(nftables, { bridge: "cni1", tag: OTHERS });
});

test("everything is made again when the packet filter was flushed", () => {
  addIsolation(nftables, { bridge: "cni0", isClosed: true, tag: MINE });
  node.run("nft", "flush", "ruleset");
  addIsolation(nftables, { bridge: "cni0", isClosed: true, tag: MINE });
  expect(readIsolation(nftables, "cni0")?.tag).toBe(MINE);
});
