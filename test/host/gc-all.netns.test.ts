/**
 * GC of all networks, asked for and by itself. Runs in a node namespace of its own: `npm test` makes it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import { until } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import { bridgeNetwork } from "./stage.ts";

let stage: TestHost;

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local"] });
});
afterAll(() => stage[Symbol.asyncDispose]());

test("what is valid stays, in every network, and the rest goes", async () => {
  const before = await snapshot(stage);
  const { host } = stage;
  const [kept, gone] = [createContainer(), createContainer()];
  for (const index of [1, 2])
    for (const { id, netns } of [kept, gone])
      await host.add({ network: bridgeNetwork(index), containerId: id, netns, ifname: `eth${index}` });
  const valid = [1, 2].map((index) => ({ network: `net${index}`, containerId: kept.id, ifname: `eth${index}` }));
  await host.gcAll({ valid });
  expect((await host.attachments()).map(({ containerId, network }) => `${containerId} ${network}`)).toEqual([
    `${kept.id} net1`,
    `${kept.id} net2`,
  ]);
  await host.gcAll({ valid: [] });
  for (const container of [kept, gone]) container[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});

test("a host that is asked to does it by itself, for containers whose namespace is gone", async () => {
  const before = await snapshot(stage);
  const [kept, gone] = [createContainer(), createContainer()];
  await using host = await createHost({ stateDir: stage.stateDir, gcIntervalMs: 100 });
  for (const { id, netns } of [kept, gone])
    await host.add({ network: bridgeNetwork(3), containerId: id, netns, ifname: "eth0" });
  gone[Symbol.dispose]();
  let left: readonly string[] = [];
  await until("the end of the attachment whose namespace is gone", () => {
    void stage.host.attachments().then((records) => (left = records.map(({ containerId }) => containerId)));
    return left.length === 1;
  });
  expect(left).toEqual([kept.id]);
  // Its next GC may be under way.
  await host.close();
  await stage.host.gcAll({ valid: [] });
  kept[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});
