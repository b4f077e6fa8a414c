/** ADD after the grant of a plugin has changed in a host that runs. In a node namespace of its own: `npm test` makes it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import type { Container, Folder } from "./stage.ts";
import { bridgeNetwork, createContainer, createStage, nodeLinks } from "./stage.ts";
import { readBundled } from "../support/bundled.ts";

let host: Host;
let folder: Folder;
let container: Container;
beforeAll(async () => {
  ({ host, folder } = await createStage());
  container = createContainer();
});
afterAll(async () => {
  await host.close();
  container[Symbol.dispose]();
  folder[Symbol.dispose]();
});

test("what a call did that was begun ahead with the former grant is undone before the ADD begins anew", async () => {
  const request = { network: bridgeNetwork(61), containerId: "changed", netns: container.netns, ifname: "eth0" };
  const before = nodeLinks();
  for (let round = 0; round < 8; round += 1) {
    await host.add(request);
    await host.del(request);
    await host.install({ component: readBundled("bridge"), limits: { hostCalls: 100 + round } });
    const result = await host.add(request);
    expect(await host.leases({})).toHaveLength((result["ips"] as unknown[]).length);
    await host.del(request);
    expect([nodeLinks(), await host.leases({}), await host.ledger({})]).toEqual([before, [], []]);
  }
});
