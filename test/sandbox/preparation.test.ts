import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { InstalledPlugin } from "../../host/helper/protocol.ts";
import { createPool } from "../../host/sandbox/pool.ts";
import { createFakes, OBEDIENT, SILENT, type Act } from "./fake-sandboxes.ts";
import { LIMITS } from "./fake-helper.ts";
import { callOf, NO_IPAM } from "./scene.ts";

/** Longer than any pause that the host makes. */
const LONG_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function pluginOf(digit: number): InstalledPlugin {
  return {
    type: `p${digit}`,
    digest: `sha256:${String(digit).repeat(64)}`,
    version: "0",
    exports: ["attachment"],
    capabilities: [],
    limits: { ...LIMITS, deadlineMs: 60_000 },
    cniVersions: ["1.1.0"],
    early: false,
  };
}

/** Makes a pool, and lists the frames that its sandboxes get. */
function scene(act: Act = OBEDIENT) {
  const frames: string[] = [];
  const { client } = createFakes((frame, sandbox) => {
    frames.push(frame.type);
    act(frame, sandbox);
  });
  const pool = createPool({ client, idleMs: 60_000 });
  const call = (plugin: InstalledPlugin) => pool.run(plugin, (sandbox) => sandbox.call(callOf(0), NO_IPAM));
  return { pool, frames, call };
}

test("a sandbox that is idle makes a second instance ready, and after each call another one", async () => {
  const { pool, frames, call } = scene();
  await pool.warm(pluginOf(1));
  expect(frames).toEqual([]);
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(frames).toEqual(["prepare"]);
  await call(pluginOf(1));
  await call(pluginOf(1));
  expect(frames).toEqual(["prepare", "call", "call"]);
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(frames).toEqual(["prepare", "call", "call", "prepare", "prepare"]);
  pool[Symbol.dispose]();
});

test("nothing is prepared while a call is open, on this sandbox or another", async () => {
  const { pool, frames, call } = scene(SILENT);
  await pool.warm(pluginOf(1));
  const open = call(pluginOf(2));
  while (frames.length === 0) await new Promise(setImmediate);
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(frames).toEqual(["call"]);
  pool[Symbol.dispose]();
  await open;
});

test("a pool that is closed prepares nothing", async () => {
  const { pool, frames } = scene();
  await pool.warm(pluginOf(1));
  pool[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(LONG_MS);
  expect(frames).toEqual([]);
});
