/** What a warm host has ready. In a node namespace of its own: `npm test` makes it. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHostWith } from "../../host/host.ts";
import { startHelper } from "../../host/helper/client.ts";
import type { HelperClient } from "../../host/helper/client.ts";
import type { Host } from "../../host/index.ts";
import { bridgeNetwork, createContainer, createStage, DIST, processesOf, until } from "../host/stage.ts";
import type { Container, Folder } from "../host/stage.ts";

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

const stateDir = (): string => join(folder.path, "state");
const openHelper = (): Promise<HelperClient> =>
  startHelper({ stateDir: stateDir(), nodePath: process.execPath, helperEntry: join(DIST, "helper.mjs") });

async function recentTypes(): Promise<readonly string[]> {
  await using helper = await openHelper();
  return (await helper.request("list-recent", {})).plugins.map(({ type }) => type);
}

/** Sandboxes that live. */
const sandboxes = (): number => processesOf(folder.path).filter(({ command }) => command.startsWith("/node ")).length;

test("no plugin was called: none is recent", async () => {
  expect(await recentTypes()).toEqual([]);
});

test("an IPAM plugin and its caller come first, and one that is not installed any more not at all", async () => {
  const network = {
    ...bridgeNetwork(71),
    plugins: [
      ...bridgeNetwork(71).plugins,
      { type: "firewall" },
      { type: "tuning", sysctl: { "net.core.somaxconn": "500" } },
    ],
  };
  const request = { network, containerId: "recent", netns: container.netns, ifname: "eth0" } as const;
  await host.add(request);
  await host.del(request);
  expect(await recentTypes()).toEqual(["host-local", "bridge", "firewall", "tuning"]);
  await host.uninstall("firewall");
  expect(await recentTypes()).toEqual(["host-local", "bridge", "tuning"]);
});

test("a host that is left behind has their sandboxes ready before it is called", async () => {
  await host.close();
  await until(() => sandboxes() === 0);
  await using warm = createHostWith(
    { stateDir: stateDir(), bundleDir: DIST },
    { helper: openHelper(), isWarmed: true },
  );
  await until(() => sandboxes() === 3);
  expect(await warm.ledger({})).toEqual([]);
});
