/**
 * @module The one table of the packet-level suite, and how it is played over a backend.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import type { Backend } from "./backends.ts";
import { CONNECTIONS } from "./cases-connections.ts";
import { ISOLATION } from "./cases-isolation.ts";
import { LESSONS } from "./cases-lessons.ts";
import { PUBLISHED } from "./cases-ports.ts";
import type { Scene } from "./scene.ts";
import { V4, V6, createWorld } from "./world.ts";
import type { Family, World } from "./world.ts";

/** A row of the table. */
export interface PacketCase {
  readonly title: string;
  /** Where it makes no sense without one. */
  readonly needs?: Family;
  /** Plays it; whatever it attached is detached when it settles. */
  readonly run: (scene: Scene) => Promise<void>;
}

const CASES: readonly PacketCase[] = [...CONNECTIONS, ...PUBLISHED, ...LESSONS, ...ISOLATION];

const FAMILIES = [
  { name: "IPv4", families: [V4] },
  { name: "IPv6", families: [V6] },
  { name: "dual stack", families: [V4, V6] },
] as const;

/** Defines the tests of a backend: every case with IPv4, with IPv6 and with both. */
export function playAll(backend: Backend): void {
  let world: World;
  let before: Snapshot;
  beforeAll(async () => {
    world = await createWorld(["bridge", "firewall", "host-local", "portmap"]);
    before = await snapshot(world.subject);
  });
  afterAll(() => world[Symbol.asyncDispose]());
  describe.for(FAMILIES)(`${backend.name}, $name`, ({ families }) => {
    // A case that failed half-way does not take the others with it.
    afterEach(async ({ task }) => {
      if (task.result?.state === "fail") await forget(world);
      await expectNothingLeft(before, world.subject);
      expect(backend.rules()).toEqual([]);
    });
    const those = CASES.filter(({ needs }) => needs === undefined || families.some((family) => family === needs));
    test.for(those)("$title", ({ run }) => run({ ...world, backend, families }));
  });
}

async function forget({ subject }: World): Promise<void> {
  const names = new Set((await subject.host.attachments()).map(({ network }) => network));
  for (const name of names)
    await subject.host.gc({ network: { cniVersion: "1.1.0", name, plugins: [{ type: "bridge" }] }, valid: [] });
}
