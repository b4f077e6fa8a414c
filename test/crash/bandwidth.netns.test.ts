/**
 * @module kill -9 of the helper at everything that ADD and DEL write down, or ask of the kernel, for rates; a DEL then leaves nothing. Also where
 * another program made the link, which stays.
 */
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import type { AttachmentRequest, Host } from "../../host/index.ts";
import { run, until } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { snapshot, type Snapshot } from "../support/snapshot.ts";
import { buildCrashBundles } from "./bundles.ts";
import { pointReached, pointsPassed, removePlan, writePlan } from "./plan.ts";
import { everyProcessOf, locksLeft, rowsLeft } from "./remains.ts";
import { createStage, delAgain } from "./stage.ts";

type Verb = "add" | "del";

await buildCrashBundles();
const stage = await createStage(["bandwidth"]);
const { stateDir } = stage;
afterAll(() => stage[Symbol.asyncDispose]());

/** Of all kinds of points those that are about what is left behind. */
const CHANGES = /^(?:ledger\.|kernel\.change|helper\.undo|helper\.link-deletion)/u;
const NODE_END = "shaped0";

/** A container whose link another program made: what is on the node besides is the plugin's. */
function attached(): TestContainer {
  const container = createContainer();
  run("ip", "link", "add", NODE_END, "type", "veth", "peer", "name", "eth0", "netns", container.id);
  return container;
}

const remove = (container: TestContainer): void => {
  run("ip", "link", "del", NODE_END);
  container[Symbol.dispose]();
};

const requestOf = ({ id, netns }: TestContainer): AttachmentRequest => ({
  network: {
    cniVersion: "1.1.0",
    name: "crash",
    plugins: [
      {
        type: "bandwidth",
        ingressRate: 40_000_000,
        ingressBurst: 2_000_000,
        egressRate: 20_000_000,
        egressBurst: 1_000_000,
        prevResult: { interfaces: [{ name: NODE_END }, { name: "eth0", sandbox: netns }], ips: [] },
      },
    ],
  },
  containerId: id,
  netns,
  ifname: "eth0",
});

/** What is on the node, with what shapes its links. */
async function nodeLines(): Promise<Snapshot> {
  const disciplines = run("tc", "qdisc", "show").split("\n");
  return [...(await snapshot()), ...disciplines.map((line) => line.trim()).filter((line) => line !== "")];
}

async function pointsOf(verb: Verb): Promise<readonly { readonly point: string; readonly occurrence: number }[]> {
  const container = attached();
  const request = requestOf(container);
  const host = await stage.openHost("hooked");
  if (verb === "del") await host.add(request);
  writePlan(stateDir, { id: randomUUID(), gate: "verb", record: true });
  await host[verb](request);
  const passed = pointsPassed(stateDir).filter((point) => CHANGES.test(point));
  removePlan(stateDir);
  if (verb === "add") await host.del(request);
  await host.close();
  remove(container);
  return passed.map((point, at) => ({
    point,
    occurrence: passed.slice(0, at).filter((each) => each === point).length,
  }));
}

const points = { add: await pointsOf("add"), del: await pointsOf("del") };

test("every part of the kernel that rates are made of is a point", () => {
  const texts = points.add.map(({ point }) => point).join("\n");
  for (const call of ["RTM_NEWQDISC tbf", "RTM_NEWQDISC ingress", "RTM_NEWTFILTER u32 mirred", "RTM_NEWLINK ifb"])
    expect(texts).toContain(`kernel.change:after ${call}`);
});

for (const verb of ["add", "del"] as const) {
  test.for(points[verb])(`${verb} leaves nothing when the helper is killed at $point, $occurrence`, async (scene) => {
    const container = attached();
    const before = await nodeLines();
    const request = requestOf(container);
    const fresh: Host = await stage.openHost();
    if (verb === "del") await fresh.add(request);
    writePlan(stateDir, { id: randomUUID(), gate: "verb", record: false, ...scene, act: { kill: "helper" } });
    const host = await stage.openHost("hooked");
    await host[verb](request).catch(() => undefined);
    await host.close();
    expect(pointReached(stateDir)).toBe(scene.point);
    await delAgain(fresh, request);
    await fresh.close();
    expect(rowsLeft(stateDir)).toEqual([]);
    expect(await nodeLines()).toEqual(before);
    await until("the end of every process", () => everyProcessOf(stateDir).length === 0);
    expect(locksLeft(stateDir)).toEqual([]);
    remove(container);
  });
}
