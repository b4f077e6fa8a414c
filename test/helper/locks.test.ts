/**
 * @module Locks between helpers.
 */
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLocks } from "../../host/helper/locks.ts";
import { temporaryStateDir } from "./ledger/support.ts";

test.for(["container", "operation", "uid"] as const)(
  "a held %s lock is refused, also in the same process, and free after release",
  (kind) => {
    const stateDir = temporaryStateDir();
    const take = (): ReturnType<ReturnType<typeof openLocks>["uid"]> => {
      const locks = openLocks(stateDir);
      return kind === "uid" ? locks.uid(1_900_000_001) : locks[kind]("some-id");
    };
    const first = take();
    expect(first).toBeDefined();
    expect(take()).toBeUndefined();
    first?.release();
    first?.release();
    expect(existsSync(first?.path ?? "")).toBe(false);
    const second = take();
    expect(second).toBeDefined();
    second?.release();
  },
);

test("other ids have other locks, whatever characters are in a container id", () => {
  const locks = openLocks(temporaryStateDir());
  using first = locks.container("a/../b");
  using second = locks.container("a");
  expect([first, second]).not.toContain(undefined);
  expect(first?.path).not.toBe(second?.path);
});

test("a lock that cannot be made is stateUnusable", () => {
  expect(() => openLocks("/nonexistent").gc("shared")).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
});

test("removes the files of dead holders, and leaves those of living and of young ones", () => {
  const stateDir = temporaryStateDir();
  const locks = openLocks(stateDir);
  using uid = locks.uid(1);
  using container = locks.container("alive");
  utimesSync(container?.path ?? "", 1, 1);
  for (const path of ["locks/uid-2", "locks/container-old", "locks/container-young", "calls/op-1", "calls/op-2"]) {
    writeFileSync(join(stateDir, path), "");
    if (path.endsWith("old")) utimesSync(join(stateDir, path), 1, 1);
  }
  using operation = locks.operation("op-1");
  expect(locks.removeAbandoned()).toBe(3);
  expect([uid, operation]).not.toContain(undefined);
  expect(readdirSync(join(stateDir, "calls"))).toEqual(["op-1"]);
  expect(readdirSync(join(stateDir, "locks")).filter((name) => !name.startsWith("container-"))).toEqual(["uid-1"]);
  expect(readdirSync(join(stateDir, "locks"))).toHaveLength(3);
});

test("GC's lock is held by verbs together, by a GC alone, in one process and in two", () => {
  const stateDir = temporaryStateDir();
  // Two sets of locks open the file twice, as two processes do.
  const [here, there] = [openLocks(stateDir), openLocks(stateDir)];
  const verbs = [here.gc("shared"), here.gc("shared"), there.gc("shared")];
  expect(verbs).not.toContain(undefined);
  expect([here.gc("exclusive"), there.gc("exclusive")]).toEqual([undefined, undefined]);
  verbs[0]?.release();
  verbs[0]?.release();
  verbs[2]?.release();
  expect([here.gc("exclusive"), there.gc("exclusive")], "one verb is left").toEqual([undefined, undefined]);
  verbs[1]?.release();
  const gc = there.gc("exclusive");
  expect(gc).toBeDefined();
  expect([here.gc("shared"), there.gc("shared"), here.gc("exclusive"), there.gc("exclusive")]).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
  gc?.release();
  expect(here.gc("exclusive")).toBeDefined();
});

test("the file of GC's lock is never removed: helpers have it open", () => {
  const stateDir = temporaryStateDir();
  const locks = openLocks(stateDir);
  locks.gc("shared")?.release();
  utimesSync(join(stateDir, "locks", "gc"), 1, 1);
  locks.removeAbandoned();
  expect(readdirSync(join(stateDir, "locks"))).toEqual(["gc"]);
});

test("tells whether an operation lives, and makes no file for one that was never there", () => {
  const stateDir = temporaryStateDir();
  const locks = openLocks(stateDir);
  const lock = locks.operation("op-1");
  expect(locks.isAlive("op-1")).toBe(true);
  lock?.release();
  writeFileSync(join(stateDir, "calls", "op-2"), "");
  expect([locks.isAlive("op-1"), locks.isAlive("op-2"), locks.isAlive("op-3")]).toEqual([false, false, false]);
  expect(readdirSync(join(stateDir, "calls"))).toEqual([]);
});
