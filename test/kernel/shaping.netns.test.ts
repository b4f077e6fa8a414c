/**
 * @module Rates of links in namespaces of the test's own; what others put on the same links stays.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Rtnetlink } from "../../host/kernel/rtnetlink.ts";
import { Shaper } from "../../host/kernel/shaping.ts";
import { bucketOf, isSame } from "../../host/kernel/token-bucket.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

const HANDLE = 0x1234_0000;
const ABSENT = 9_999;

let space: TestNamespace;
let shaper: Shaper;
let rtnetlink: Rtnetlink;
beforeEach(() => {
  space = createNamespace();
  shaper = Shaper.open(space.netns);
  rtnetlink = Rtnetlink.open(space.netns);
  space.ip("link add v0 type veth peer name v1");
  space.ip("link set v0 up");
});
afterEach(() => {
  for (const each of [shaper, rtnetlink, space]) each[Symbol.dispose]();
});

const indexOf = (name: string): number => rtnetlink.getLink({ name })?.index ?? 0;
const tc = (text: string): string => space.run("tc", ...text.split(" "));
const errno = (name: string) => expect.objectContaining({ errno: name }) as unknown;
const makeIfb = (name = "bwp0"): number => {
  shaper.createIfb({ name, mtu: 1400, group: 7 });
  rtnetlink.setLink(name, { up: true });
  return indexOf(name);
};

describe("a token bucket", () => {
  test.for([
    [20_000_000n, 2_000_000n],
    [8n, 8n],
    [1_000_003n, 123_457n],
    [100_000_000_000n, 800_000_000n],
    [8n, 8n << 31n],
  ] as const)("of %s bit/s with a burst of %s bits is read as it was made", ([bitsPerSecond, burstBits]) => {
    const bucket = bucketOf({ bitsPerSecond, burstBits });
    if (bucket === undefined) throw new Error("unreachable: the kernel can count it");
    shaper.addBucket(indexOf("v0"), HANDLE, bucket);
    const root = shaper.getRoot(indexOf("v0"));
    expect(root).toMatchObject({ kind: "tbf", handle: HANDLE });
    expect(root?.bucket !== undefined && isSame(root.bucket, bucket)).toBe(true);
    shaper.removeBucket(indexOf("v0"), HANDLE + 0x1_0000);
    expect(shaper.getRoot(indexOf("v0"))?.handle).toBe(HANDLE);
    shaper.removeBucket(indexOf("v0"), HANDLE);
    expect(shaper.getRoot(indexOf("v0"))?.handle ?? 0).toBe(0);
  });

  test("takes nobody's place", () => {
    tc("qdisc add dev v0 root handle 77: tbf rate 1gbit burst 1mb latency 50ms");
    const bucket = { bytesPerSecond: 1n, burstBytes: 1, limitBytes: 1 };
    expect(() => shaper.addBucket(indexOf("v0"), HANDLE, bucket)).toThrow(errno("EEXIST"));
    shaper.removeBucket(indexOf("v0"), HANDLE);
    expect(tc("qdisc show dev v0")).toContain("tbf 77:");
  });
});

describe("a redirection", () => {
  test("is made, seen and taken back with what it hangs at", () => {
    const ifb = makeIfb();
    expect(shaper.hasIngress(indexOf("v0"))).toBe(false);
    shaper.redirect(indexOf("v0"), ifb);
    expect([shaper.redirectsTo(indexOf("v0"), ifb), shaper.redirectsTo(indexOf("v0"), ABSENT)]).toEqual([true, false]);
    expect(() => shaper.redirect(indexOf("v0"), ifb)).toThrow(errno("EEXIST"));
    shaper.removeRedirect(indexOf("v0"), ifb);
    expect(tc("qdisc show dev v0")).not.toContain("ingress");
  });

  test("whose target is gone is taken back", async () => {
    const ifb = makeIfb();
    shaper.redirect(indexOf("v0"), ifb);
    await rtnetlink.deleteLinks([ifb]);
    shaper.removeRedirect(indexOf("v0"), undefined);
    expect(tc("qdisc show dev v0")).not.toContain("ingress");
  });

  test("leaves filters of others, and what they hang at", () => {
    const ifb = makeIfb();
    shaper.redirect(indexOf("v0"), ifb);
    tc("filter add dev v0 ingress pref 7 protocol all u32 match u32 0 0 flowid 1:2");
    shaper.removeRedirect(indexOf("v0"), ifb);
    expect(tc("filter show dev v0 ingress")).toContain("pref 7");
    expect(tc("filter show dev v0 ingress")).not.toContain("mirred");
  });

  test("of somebody else to another link is left", () => {
    const [ifb, other] = [makeIfb(), makeIfb("bwp1")];
    shaper.redirect(indexOf("v0"), other);
    shaper.removeRedirect(indexOf("v0"), ifb);
    expect(shaper.redirectsTo(indexOf("v0"), other)).toBe(true);
  });
});

test("a link that is gone has nothing, and nothing can be taken from it", () => {
  expect([shaper.getRoot(ABSENT), shaper.hasIngress(ABSENT)]).toEqual([undefined, false]);
  shaper.removeBucket(ABSENT, HANDLE);
  shaper.removeRedirect(ABSENT, 1);
});

test("the number of a namespace is the one that links name", () => {
  using other = createNamespace();
  space.ip(`link add v2 type veth peer name eth0 netns ${other.name}`);
  expect(rtnetlink.getLink({ name: "v2" })?.netnsId).toBe(shaper.idOf(other.netns));
  using stranger = createNamespace();
  expect(shaper.idOf(stranger.netns)).toBeUndefined();
});

test("what the kernel has is found without making anything", () => {
  expect([shaper.missing(), rtnetlink.hasLinkKind("ifb")]).toEqual([[], true]);
  expect(tc("qdisc show")).not.toMatch(/tbf|ingress/u);
  expect(tc("actions list action mirred")).not.toContain("index");
  // Also where something of others is in the way.
  tc("qdisc add dev lo ingress");
  tc("qdisc add dev lo root tbf rate 1gbit burst 1mb latency 50ms");
  expect(shaper.missing()).toEqual([]);
});
