/** Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { Host } from "../../host/index.ts";
import { bridgeNetwork, createContainer, createFolder, createStage, nodeLinks } from "./stage.ts";
import type { Container, Folder } from "./stage.ts";

let host: Host;
let folder: Folder;
const containers: Container[] = [];
beforeAll(async () => {
  ({ host, folder } = await createStage());
});
afterEach(() => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
});
afterAll(async () => {
  await host.close();
  folder[Symbol.dispose]();
});

const requestOf = (network: object) => {
  const container = createContainer();
  containers.push(container);
  return { network: JSON.stringify(network), containerId: container.name, netns: container.netns, ifname: "eth0" };
};
/** A network of which two addresses can be given out. */
const smallNetwork = (index: number) => {
  const network = bridgeNetwork(index);
  const ipam = { type: "host-local", subnet: `10.77.${index}.0/24`, rangeEnd: `10.77.${index}.3` };
  return { ...network, plugins: network.plugins.map((plugin) => ({ ...plugin, ipam })) };
};
/** How often a plugin was run for STATUS, by the log. */
const runs = async (): Promise<number> => {
  const rows = await host.log({ limit: 10_000 });
  return rows.filter(({ event, data }) => event === "begin" && data.includes('"STATUS"')).length;
};

test("a network that is ready is asked about once, and again after its leases changed", async () => {
  const network = smallNetwork(1);
  const before = await runs();
  await host.status({ network });
  await host.status({ network: JSON.stringify(network) });
  expect((await runs()) - before).toBe(1);
  expect(nodeLinks()).toEqual([]);
  const request = requestOf(network);
  await host.add(request);
  await host.status({ network });
  await host.status({ network });
  expect((await runs()) - before).toBe(2);
  await host.del(request);
});

test("a pool that is exhausted is code 50, until an address is given back", async () => {
  const network = smallNetwork(2);
  const requests = [requestOf(network), requestOf(network)] as const;
  for (const request of requests) await host.add(request);
  const before = await runs();
  for (let round = 0; round < 2; round += 1)
    await expect(host.status({ network })).rejects.toMatchObject({
      code: 50,
      message: expect.stringContaining("10.77.2.1-10.77.2.3") as string,
    });
  expect((await runs()) - before).toBe(1);
  await host.del(requests[0]);
  await host.status({ network });
  await host.del(requests[1]);
});

test.for([
  { title: "everything", index: 8, flush: ["-F"] },
  { title: "the chain that attachments have rules in", index: 9, flush: ["-F", "CNIDARIA-MASQ"] },
])("chains of iptables that containers rely on: code 51 after somebody flushed $title", async ({ flush, index }) => {
  const network = bridgeNetwork(index);
  const byIptables = {
    ...network,
    plugins: network.plugins.map((plugin) => ({ ...plugin, ipMasq: true, ipMasqBackend: "iptables-nft" })),
  };
  const request = requestOf(byIptables);
  await host.add(request);
  await host.status({ network: byIptables });
  execFileSync("iptables-nft", ["-t", "nat", ...flush]);
  await expect(host.status({ network: byIptables })).rejects.toMatchObject({
    code: 51,
    message: expect.stringContaining("iptables-nft for masquerade of ipv4") as string,
  });
  await host.del(request);
  await host.status({ network: byIptables });
});

test("what containers rely on and somebody removed is code 51", async () => {
  const network = bridgeNetwork(3);
  const request = requestOf(network);
  await host.add(request);
  await host.status({ network });
  execFileSync("nft", ["flush", "ruleset"]);
  await expect(host.status({ network })).rejects.toMatchObject({ code: 51 });
  execFileSync("ip", ["link", "set", "tb3", "down"]);
  await expect(host.status({ network })).rejects.toMatchObject({
    code: 51,
    message: expect.stringContaining('bridge "tb3" is down') as string,
  });
  await host.del(request);
  await host.status({ network });
});

test.for([
  { title: "a type that is not installed", plugin: { type: "not-there" }, code: 50 },
  { title: "an address that is none", plugin: { type: "bridge", ipam: { type: "static", addresses: [{}] } }, code: 50 },
  {
    title: "a static address",
    plugin: { type: "bridge", ipam: { type: "static", addresses: [{ address: "10.77.4.2/24" }] } },
    code: 0,
  },
  { title: "a plugin without addresses", plugin: { type: "loopback" }, code: 0 },
])("$title is code $code", async ({ plugin, code }) => {
  const network = { cniVersion: "1.1.0", name: "net4", plugins: [plugin] };
  const got = await host.status({ network }).then(
    () => 0,
    (error: { readonly code: number }) => error.code,
  );
  expect(got).toBe(code);
});

test("by the exec protocol it is about one plugin", async () => {
  const network = {
    cniVersion: "1.1.0",
    name: "net5",
    type: "bridge",
    ipam: { type: "host-local", subnet: "10.77.5.0/30" },
  };
  const request = { command: "STATUS", type: "bridge", containerId: "", netns: "", ifname: "", args: "" };
  expect(await host.exec({ ...request, configuration: JSON.stringify(network) })).toBe("");
  const configuration = JSON.stringify({ ...network, type: "not-there" });
  await expect(host.exec({ ...request, type: "not-there", configuration })).rejects.toMatchObject({ code: 50 });
  const old = JSON.stringify({ ...network, cniVersion: "1.0.0", type: "not-there" });
  expect(await host.exec({ ...request, type: "not-there", configuration: old })).toBe("");
});

test("a helper that cannot start is code 50", async () => {
  using other = createFolder();
  // Anybody may write here: the helper refuses it.
  execFileSync("sh", ["-c", `mkdir ${other.path}/open && chmod 777 ${other.path}/open`]);
  await using broken = await createHost({ stateDir: join(other.path, "open", "state") });
  await expect(broken.status({ network: bridgeNetwork(6) })).rejects.toMatchObject({ code: 50 });
});
