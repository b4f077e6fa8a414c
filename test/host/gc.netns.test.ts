/** Runs in a node namespace of its own: `npm test` makes it. */
import { execFileSync } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import { buildFixture } from "../guests/fixtures/build.ts";
import { bridgeNetwork, createContainer, createStage, nodeLinks, nodeRules, processesOf } from "./stage.ts";
import type { Container, Folder } from "./stage.ts";
import { readBundled } from "../support/bundled.ts";

let host: Host;
let folder: Folder;
const containers: Container[] = [];
beforeAll(async () => {
  ({ host, folder } = await createStage());
  await host.install({ component: Buffer.from(await buildFixture("network-verbs")) });
});
afterEach(async () => {
  for (const container of containers.splice(0)) container[Symbol.dispose]();
  expect(await host.ledger()).toEqual([]);
  expect(await host.leases()).toEqual([]);
  expect(nodeRules()).toEqual([]);
  expect(nodeLinks()).toEqual([]);
});
afterAll(async () => {
  await host.close();
  folder[Symbol.dispose]();
});

const requestOf = (network: object, ifname = "eth0") => {
  const container = createContainer();
  containers.push(container);
  return { network: JSON.stringify(network), containerId: container.name, netns: container.netns, ifname };
};
type Request = ReturnType<typeof requestOf>;
const keyOf = ({ containerId, ifname }: Request) => ({ containerId, ifname });
const addressOf = (result: object): string =>
  (result as { ips: { address: string }[] }).ips[0]?.address.split("/")[0] ?? "";
const linksIn = ({ containerId }: Request): string[] =>
  containers.find(({ name }) => name === containerId)?.links() ?? [];
const ping = ({ containerId }: Request, address: string): string =>
  execFileSync("ip", ["netns", "exec", containerId, "ping", "-c", "1", "-W", "2", address], { encoding: "utf8" });
const ruleset = (): string => execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" });
/** Adds some containers and gives their requests and addresses. */
async function addMany(network: object, count: number) {
  const added: { readonly request: Request; readonly address: string }[] = [];
  for (let index = 0; index < count; index += 1) {
    const request = requestOf(network);
    added.push({ request, address: addressOf(await host.add(request)) });
  }
  return added;
}
const first = <T>([value]: readonly T[]): T => {
  if (value === undefined) throw new Error("nothing was added");
  return value;
};
const ownersOf = async (network: string): Promise<string[]> =>
  [...new Set((await host.ledger({ network })).map(({ containerId }) => containerId))].sort();

describe("GC of a network", () => {
  test("removes links, addresses, leases and masquerading of what is not valid, and nothing else", async () => {
    const [network, other] = [bridgeNetwork(1), bridgeNetwork(2)];
    const added = await addMany(network, 3);
    const { request: kept, address } = first(added);
    const { request: elsewhere, address: elsewhereAddress } = first(await addMany(other, 1));
    await host.gc({ network, valid: [keyOf(kept)] });

    expect(added.map(({ request }) => linksIn(request))).toEqual([["eth0"], [], []]);
    expect(await ownersOf("net1")).toEqual([kept.containerId]);
    expect((await host.leases({ network: "net1" })).map((lease) => lease.address)).toEqual([address]);
    expect((await host.attachments({ network: "net1" })).map(({ containerId }) => containerId)).toEqual([
      kept.containerId,
    ]);
    for (const { address: gone } of added.slice(1)) expect(ruleset()).not.toContain(`${gone} `);
    expect(ruleset()).toContain(`${address} `);
    expect(ping(kept, "10.77.1.1")).toContain("1 received");
    await host.check(kept);
    // Another network is not its business.
    expect(ping(elsewhere, "10.77.2.1")).toContain("1 received");
    expect(ruleset()).toContain(`${elsewhereAddress} `);

    await host.gc({ network, valid: [] });
    await host.gc({ network, valid: [] });
    expect(await host.attachments({ network: "net1" })).toEqual([]);
    await host.gc({ network: other, valid: [] });
  });

  test("tells the links of one container apart", async () => {
    const network = bridgeNetwork(3);
    const request = requestOf(network);
    const second = { ...request, ifname: "net1" };
    await host.add(request);
    await host.add(second);
    await host.gc({ network, valid: [keyOf(second)] });
    expect(linksIn(request)).toEqual(["net1"]);
    await host.del(second);
  });

  test("below 1.1.0 removes what is stale, too", async () => {
    const network = { ...bridgeNetwork(4), cniVersion: "1.0.0" };
    await addMany(network, 2);
    await host.gc({ network, valid: [] });
  });

  test.for([true, "TRUE"])("with disableGC %j does nothing", async (disableGC) => {
    const network = bridgeNetwork(5);
    const { request } = first(await addMany(network, 1));
    await host.gc({ network: { ...network, disableGC }, valid: [] });
    expect(linksIn(request)).toEqual(["eth0"]);
    await host.del(request);
  });

  test("needs neither the plugins nor the namespaces that were there", async () => {
    const network = bridgeNetwork(6);
    await addMany(network, 2);
    for (const container of containers.splice(0, 1)) container[Symbol.dispose]();
    // Not even the components that they were added with may run any more.
    for (const type of ["bridge", "host-local"]) await host.revoke(type);
    await host.gc({ network, valid: [] });
    for (const type of ["bridge", "host-local"]) await host.install({ component: readBundled(type) });
  });

  test("runs alone: ADDs at the same time are before it or after it, none is half gone", async () => {
    const network = bridgeNetwork(7);
    const requests = Array.from({ length: 6 }, () => requestOf(network));
    const adding = requests.map(async (request, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 15));
      return host.add(request);
    });
    const collecting = [0, 20, 50].map(async (pauseMs) => {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await host.gc({ network, valid: [] });
    });
    await Promise.all([...adding, ...collecting]);
    const onRecord = (await host.attachments({ network: "net7" })).map(({ containerId }) => containerId).sort();
    expect(
      requests
        .filter((request) => linksIn(request).length > 0)
        .map(({ containerId }) => containerId)
        .sort(),
    ).toEqual(onRecord);
    expect((await host.leases({ network: "net7" })).map(({ containerId }) => containerId).sort()).toEqual(onRecord);
    for (const request of requests.filter(({ containerId }) => onRecord.includes(containerId))) {
      expect(ping(request, "10.77.7.1")).toContain("1 received");
      await host.check(request);
    }
    await host.gc({ network, valid: [] });
  });

  test("that dies in the middle is done by the next one", async () => {
    const network = bridgeNetwork(8);
    const added = await addMany(network, 4);
    const collecting = host.gc({ network, valid: [keyOf(first(added).request)] }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 8));
    for (const { pid } of processesOf(folder.path).filter(({ command }) => command.includes("helper.mjs")))
      process.kill(pid, "SIGKILL");
    await collecting;
    await host.gc({ network, valid: [keyOf(first(added).request)] });
    expect(added.map(({ request }) => linksIn(request))).toEqual([["eth0"], [], [], []]);
    expect(ping(first(added).request, "10.77.8.1")).toContain("1 received");
    await host.gc({ network, valid: [] });
  });
});

describe("GC by the exec protocol", () => {
  const shim = { command: "GC", containerId: "", netns: "", ifname: "", args: "" };
  const single = (index: number) => {
    const [plugin] = bridgeNetwork(index).plugins;
    return { cniVersion: "1.1.0", name: `net${index}`, ...plugin };
  };
  const exec = (type: string, configuration: object, change: object = {}): Promise<string> =>
    host.exec({ ...shim, type, configuration: JSON.stringify(configuration), ...change });

  test.for(["cni.dev/valid-attachments", "cni.dev/attachments"])(
    "takes %s alone, for plugins and lists",
    async (key) => {
      const network = bridgeNetwork(1);
      const [byList, byPlugin, kept] = [requestOf(network), requestOf(network), requestOf(network)];
      await host.add(byList);
      for (const request of [byPlugin, kept])
        await exec("bridge", single(1), { ...keyOf(request), netns: request.netns, command: "ADD" });
      const valid = [{ containerID: kept.containerId, ifname: "eth0" }];
      expect(await exec("bridge", { ...single(1), [key]: valid })).toBe("");
      expect([byList, byPlugin, kept].map(linksIn)).toEqual([[], [], ["eth0"]]);
      expect(await host.attachments()).toMatchObject([{ containerId: kept.containerId, scope: "bridge" }]);
      expect(await exec("bridge", { ...single(1), [key]: [] })).toBe("");
      expect(await host.attachments()).toEqual([]);
    },
  );

  test.for<{ title: string; configuration: object }>([
    { title: "neither key, as cnitool calls it", configuration: single(2) },
    { title: "null", configuration: { ...single(2), "cni.dev/valid-attachments": null } },
  ])("with $title removes nothing", async ({ configuration }) => {
    const { request } = first(await addMany(bridgeNetwork(2), 1));
    expect(await exec("bridge", configuration)).toBe("");
    expect(linksIn(request)).toEqual(["eth0"]);
    await host.del(request);
  });

  test.for<{ title: string; configuration: object; code: number }>([
    { title: "no list", configuration: { ...single(2), "cni.dev/attachments": {} }, code: 6 },
    { title: "no container id", configuration: { ...single(2), "cni.dev/attachments": [{ ifname: "eth0" }] }, code: 6 },
    {
      title: "an older version",
      configuration: { ...single(2), cniVersion: "1.0.0", "cni.dev/attachments": [] },
      code: 1,
    },
  ])("with $title removes nothing and is code $code", async ({ configuration, code }) => {
    const { request } = first(await addMany(bridgeNetwork(2), 1));
    await expect(exec("bridge", configuration)).rejects.toMatchObject({ code });
    expect(linksIn(request)).toEqual(["eth0"]);
    await host.del(request);
  });
});

describe("a component with the verbs of a network", () => {
  const network = (change: object = {}) => ({
    cniVersion: "1.1.0",
    name: "net9",
    plugins: [{ type: "network-verbs", ...change }],
  });
  const valid = [{ containerId: "c1", ifname: "eth0" }];
  const lastLog = async (): Promise<string> => {
    const rows = await host.log({ limit: 10 });
    return rows.filter(({ event }) => event === "call").at(-1)?.data ?? "";
  };

  test("is told what is valid, and its failure is reported", async () => {
    await host.gc({ network: network(), valid });
    expect(await lastLog()).toContain("gc of net9 keeps c1/eth0");
    await expect(host.gc({ network: network({ errors: { gc: 140 } }), valid })).rejects.toMatchObject({ code: 140 });
  });

  test("changes nothing in GC", async () => {
    await expect(host.gc({ network: network({ reserves: true }), valid })).rejects.toMatchObject({
      code: 150,
      details: expect.stringContaining("GC changes nothing by way of a plugin") as string,
    });
    expect(await host.leases()).toEqual([]);
  });

  test("answers STATUS", async () => {
    await host.status({ network: network() });
    await expect(host.status({ network: network({ errors: { status: 51 } }) })).rejects.toMatchObject({ code: 51 });
  });
});
