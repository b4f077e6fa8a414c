import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Firewalld } from "../../host/kernel/firewalld.ts";
import { openOwnNetns } from "../../host/kernel/netns.ts";
import type { Netns } from "../../host/kernel/netns.ts";
import { noFirewalld, startBus } from "../support/firewalld.ts";
import type { TestBus, TestFirewalld } from "../support/firewalld.ts";
import { createNamespace } from "./namespaces.ts";

const V4 = { zone: "trusted", source: "10.88.0.2/32" };
const V6 = { zone: "trusted", source: "2001:db8::2/128" };
const failing = (errno: string): unknown => expect.objectContaining({ name: "KernelError", errno });

describe.skipIf(noFirewalld() !== "")(`firewalld${noFirewalld()}`, () => {
  let node: Netns;
  let bus: TestBus;
  let daemon: TestFirewalld;

  const open = (): Firewalld => {
    const found = Firewalld.open(node);
    if (found === undefined) throw new Error("it is not found");
    return found;
  };

  beforeAll(async () => {
    node = openOwnNetns();
    expect(Firewalld.open(node, "/run/dbus/not-there")).toBeUndefined();
    bus = await startBus();
    expect(Firewalld.open(node)).toBeUndefined();
    daemon = await bus.startFirewalld();
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    node[Symbol.dispose]();
  });

  test("adds sources to a zone, finds and removes them; twice is no error", () => {
    using firewalld = open();
    expect([V4, V6].map((each) => firewalld.has(each))).toEqual([false, false]);
    for (const each of [V4, V6, V4]) firewalld.add(each);
    expect(daemon.sourcesOf("trusted")).toEqual(["10.88.0.2/32", "2001:db8::2/128"]);
    expect([V4, V6].map((each) => firewalld.has(each))).toEqual([true, true]);
    for (const each of [V4, V6, V4]) firewalld.remove(each);
    expect(daemon.sourcesOf("trusted")).toEqual([]);
  });

  test("refuses a source of another zone, and leaves it there", () => {
    using firewalld = open();
    firewalld.add({ ...V4, zone: "work" });
    expect(() => firewalld.add(V4)).toThrow(failing("EEXIST"));
    expect(firewalld.has(V4)).toBe(false);
    firewalld.remove(V4);
    expect(daemon.sourcesOf("work")).toEqual(["10.88.0.2/32"]);
    firewalld.remove({ ...V4, zone: "work" });
  });

  test("refuses a zone that is not there, and has nothing in it", () => {
    using firewalld = open();
    expect(() => firewalld.add({ ...V4, zone: "nowhere" })).toThrow(failing("ENODEV"));
    expect(firewalld.has({ ...V4, zone: "nowhere" })).toBe(false);
    firewalld.remove({ ...V4, zone: "nowhere" });
  });

  test("is not the one of another namespace", () => {
    using other = createNamespace();
    expect(Firewalld.open(other.netns)).toBeUndefined();
  });

  test("says so when it is gone", async () => {
    using firewalld = open();
    await daemon[Symbol.asyncDispose]();
    expect(() => firewalld.add(V4)).toThrow(failing("ESRCH"));
    expect(Firewalld.open(node)).toBeUndefined();
    daemon = await bus.startFirewalld();
  });

  test("is not waited for when it is silent, and not asked again at once", () => {
    using firewalld = open();
    process.kill(daemon.pid, "SIGSTOP");
    try {
      expect(() => firewalld.add(V4)).toThrow(failing("ETIMEDOUT"));
      expect(() => firewalld.add(V4)).toThrow(/a moment ago/u);
      expect(() => Firewalld.open(node)).toThrow(/a moment ago/u);
    } finally {
      process.kill(daemon.pid, "SIGCONT");
    }
  });
});
