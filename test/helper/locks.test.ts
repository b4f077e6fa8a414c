/**
 * @module Locks between helpers.
 */
import { existsSync } from "node:fs";
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
