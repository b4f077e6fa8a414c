/**
 * @module Locks between helpers.
 */
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLocks } from "../../host/helper/locks.ts";
import { temporaryStateDir } from "./ledger/support.ts";

test.for(["container", "operation", "gc", "uid"] as const)(
  "a held %s lock is refused, also in the same process, and free after release",
  (kind) => {
    const stateDir = temporaryStateDir();
    const take = (): ReturnType<ReturnType<typeof openLocks>["gc"]> => {
      const locks = openLocks(stateDir);
      if (kind === "gc") return locks.gc();
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
  expect(() => openLocks("/nonexistent").gc()).toThrow(expect.objectContaining({ kind: "stateUnusable" }));
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
