import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { lock, openLockFile, tryLock } from "../../host/kernel/flock.ts";

const folder = mkdtempSync(join(tmpdir(), "cnidaria-t-flock-"));
afterAll(() => rmSync(folder, { recursive: true }));

function takenByAnother(path: string): boolean {
  const module = JSON.stringify(new URL("../../host/kernel/flock.ts", import.meta.url).href);
  const script = `import { tryLock } from ${module}; console.log(tryLock(${JSON.stringify(path)}) === undefined)`;
  return (
    execFileSync(process.execPath, ["--input-type=module-typescript", "-e", script], { encoding: "utf8" }).trim() ===
    "true"
  );
}

test("gives a lock to one holder at a time, also of another process", () => {
  const path = join(folder, "one");
  const first = tryLock(path);
  expect(first).toBeDefined();
  expect(tryLock(path)).toBeUndefined();
  expect(takenByAnother(path)).toBe(true);
  first?.[Symbol.dispose]();
  expect(takenByAnother(path)).toBe(false);
});

test("waits for a lock, and gives up in time", async () => {
  const path = join(folder, "waited");
  const first = tryLock(path);
  expect(await lock(path, 10)).toBeUndefined();
  const second = lock(path, 10_000);
  first?.[Symbol.dispose]();
  expect((await second)?.path).toBe(path);
});

test("removes the file while it still holds the lock", () => {
  const path = join(folder, "removed");
  const held = tryLock(path);
  held?.remove();
  expect(existsSync(path)).toBe(false);
  expect(tryLock(path)).toBeDefined();
});

test("follows no symbolic link", () => {
  const path = join(folder, "link");
  symlinkSync("elsewhere", path);
  expect(() => tryLock(path)).toThrow(expect.objectContaining({ errno: "ELOOP" }));
});

test("names the error of a missing directory", () => {
  expect(() => tryLock(join(folder, "none", "lock"))).toThrow(expect.objectContaining({ errno: "ENOENT" }));
});

test("a lock may be shared, and excludes one for oneself", () => {
  const path = join(folder, "shared");
  const first = tryLock(path, "shared");
  const second = tryLock(path, "shared");
  expect([first, second]).not.toContain(undefined);
  expect(tryLock(path)).toBeUndefined();
  first?.[Symbol.dispose]();
  expect(tryLock(path)).toBeUndefined();
  second?.[Symbol.dispose]();
  using alone = tryLock(path);
  expect(alone).toBeDefined();
  expect(tryLock(path, "shared")).toBeUndefined();
});

test("a lock whose file stays open is taken and freed again and again", () => {
  const path = join(folder, "open");
  using file = openLockFile(path);
  using other = openLockFile(path);
  for (let round = 0; round < 3; round++) {
    expect([file.tryLock("shared"), other.tryLock("shared"), other.tryLock("exclusive")]).toEqual([true, true, false]);
    other.unlock();
    file.unlock();
    expect([other.tryLock("exclusive"), file.tryLock("shared")]).toEqual([true, false]);
    other.unlock();
  }
});
