/**
 * The plugin `tuning`: in a list after bridge, executed by itself as runtimes do, and beside the reference's executable. Runs in a node
 * namespace of its own: `npm test` makes it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { callReference, HAS_REFERENCE, NO_REFERENCE } from "../interop/reference.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { execPlugin } from "../support/exec.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";

const BRIDGE = {
  type: "bridge",
  bridge: "tun0",
  isGateway: true,
  ipam: { type: "host-local", subnet: "10.79.0.0/24" },
};
const MAC = "02:11:22:33:44:55";
const ALL: JsonObject = {
  type: "tuning",
  mac: MAC,
  mtu: 1400,
  promisc: true,
  allmulti: true,
  txQLen: 77,
  dataDir: "/nowhere",
  sysctl: { "net.core.somaxconn": "500", "net.ipv4.conf.IFNAME.arp_filter": "1" },
};

let stage: TestHost;
let host: Host;
let container: TestContainer;
let before: Snapshot;

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local", "tuning"] });
  ({ host } = stage);
  before = await snapshot(stage);
});
beforeEach(() => {
  container = createContainer();
});
afterEach(async () => {
  container[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});
afterAll(() => stage[Symbol.asyncDispose]());

const networkOf = (...plugins: readonly JsonObject[]): JsonObject => ({
  cniVersion: "1.0.0",
  name: "tuned",
  plugins: [BRIDGE, ...plugins],
});
const requestOf = (network: JsonObject) => ({
  network,
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
});

const settingOf = (name: string): string => container.run("cat", `/proc/sys/net/${name}`).trim();
/** What is tuned, as it is now. */
const stateOf = (): Readonly<Record<string, string>> => {
  const line = container.ip("-d -o link show eth0");
  const find = (pattern: RegExp): string => pattern.exec(line)?.[1] ?? "";
  return {
    mac: find(/link\/ether (\S+)/u),
    mtu: find(/ mtu (\d+)/u),
    txQLen: find(/ qlen (\d+)/u),
    flags: find(/<(\S+)>/u),
    somaxconn: settingOf("core/somaxconn"),
    arpFilter: settingOf("ipv4/conf/eth0/arp_filter"),
  };
};
const TUNED = { mac: MAC, mtu: "1400", txQLen: "77", somaxconn: "500", arpFilter: "1" };

describe("in a list after bridge", () => {
  test("ADD tunes and says so in the result, CHECK passes, DEL leaves the namespace as it was", async () => {
    const somaxconn = settingOf("core/somaxconn");
    const request = requestOf(networkOf(ALL));
    const result = await host.add(request);
    expect(result["interfaces"]).toContainEqual({ name: "eth0", mac: MAC, sandbox: container.netns });
    expect(stateOf()).toMatchObject(TUNED);
    expect(stateOf()["flags"]).toMatch(/PROMISC/u);
    await host.check(request);
    container.ip("link set eth0 mtu 1300");
    await expect(host.check(request)).rejects.toMatchObject({ code: 999, message: expect.stringContaining("mtu") });
    await host.del(request);
    expect(settingOf("core/somaxconn")).toBe(somaxconn);
  });

  test("a link's MTU is in a result that has room for it", async () => {
    const request = requestOf({ ...networkOf(ALL), cniVersion: "1.1.0" });
    expect((await host.add(request))["interfaces"]).toContainEqual(
      expect.objectContaining({ name: "eth0", mtu: 1400 }),
    );
    await host.del(request);
  });

  test("the capability argument mac, and MAC of CNI_ARGS", async () => {
    const network = networkOf({ type: "tuning", capabilities: { mac: true } });
    await host.add({ ...requestOf(network), runtimeConfig: { mac: MAC } });
    expect(stateOf()["mac"]).toBe(MAC);
    await host.del(requestOf(network));
    const args = [
      ["IgnoreUnknown", "1"],
      ["MAC", "02:11:22:33:44:56"],
    ] as const;
    await host.add({ ...requestOf(network), args });
    expect(stateOf()["mac"]).toBe("02:11:22:33:44:56");
    await host.del({ ...requestOf(network), args });
  });

  test("an ADD that fails after it leaves the settings as they were", async () => {
    const somaxconn = settingOf("core/somaxconn");
    const request = requestOf(networkOf(ALL, { type: "tuning", sysctl: { "net.core.nothing": "1" } }));
    await expect(host.add(request)).rejects.toMatchObject({
      code: 101,
      message: expect.stringContaining("net.core.nothing") as unknown,
    });
    expect(settingOf("core/somaxconn")).toBe(somaxconn);
    await host.del(request);
  });

  test("DEL without the namespace, and GC without the plugin's word, leave nothing", async () => {
    const request = requestOf(networkOf(ALL));
    await host.add(request);
    const somaxconn = settingOf("core/somaxconn");
    expect(somaxconn).toBe("500");
    await host.gc({ network: request.network, valid: [] });
    expect(settingOf("core/somaxconn")).not.toBe("500");
    await host.add(request);
    container.remove();
    await host.del({ ...request, netns: "" });
  });

  test("the node's own settings are never written", async () => {
    const own = run("cat", "/proc/sys/net/core/somaxconn");
    const network: JsonObject = { cniVersion: "1.0.0", name: "tuned", ...ALL, prevResult: { cniVersion: "1.0.0" } };
    const request = { ...requestOf(network), netns: `/proc/${process.pid}/ns/net`, ifname: "lo" };
    await expect(host.add(request)).rejects.toMatchObject({ code: 8 });
    expect(run("cat", "/proc/sys/net/core/somaxconn")).toBe(own);
    await host.del(request);
  });
});

describe("a grant that is narrower", () => {
  const narrowed = async (capabilities: JsonObject, body: () => Promise<void>): Promise<void> => {
    await stage.install({ name: "tuning", capabilities });
    try {
      await body();
    } finally {
      await stage.install("tuning");
    }
  };

  test("lets through what it lists, and names what it does not", async () => {
    const names = ["net.ipv4.conf.IFNAME.*"];
    const capabilities = { "container-sysctls": { names, configuration: ["/sysctl"] } };
    await narrowed(capabilities, async () => {
      const allowed = requestOf(networkOf({ type: "tuning", sysctl: { "net.ipv4.conf.IFNAME.arp_filter": "1" } }));
      await host.add(allowed);
      expect(settingOf("ipv4/conf/eth0/arp_filter")).toBe("1");
      await host.del(allowed);
      const somaxconn = settingOf("core/somaxconn");
      const refused = requestOf(networkOf({ type: "tuning", sysctl: { "net.core.somaxconn": "500" } }));
      await expect(host.add(refused)).rejects.toMatchObject({
        code: 101,
        details: expect.stringContaining('"net.core.somaxconn" in "names"') as unknown,
      });
      expect(settingOf("core/somaxconn")).toBe(somaxconn);
      const link = requestOf(networkOf({ type: "tuning", mtu: 1400 }));
      await expect(host.add(link)).rejects.toMatchObject({ code: 101 });
      await host.del(link);
    });
  });
});

describe("executed by itself", () => {
  const exec = (command: string, plugin: JsonObject, changes: JsonObject = {}): Promise<string> =>
    execPlugin(host, command, container, { cniVersion: "1.0.0", name: "tuned", ...plugin, ...changes });

  test("ADD, CHECK and DEL by itself put the link and the settings back", async () => {
    const prevResult = JSON.parse(await exec("ADD", BRIDGE)) as JsonObject;
    const untuned = stateOf();
    const result = JSON.parse(await exec("ADD", ALL, { prevResult })) as JsonObject;
    expect(result).toEqual({
      ...prevResult,
      interfaces: (prevResult["interfaces"] as readonly JsonObject[]).map((each) =>
        each["name"] === "eth0" ? { ...each, mac: MAC } : each,
      ),
    });
    expect(stateOf()).toMatchObject(TUNED);
    await exec("CHECK", ALL, { prevResult: result });
    await exec("DEL", ALL, { prevResult: result });
    expect(stateOf()).toEqual(untuned);
    await exec("DEL", ALL, { prevResult: result });
    await exec("DEL", BRIDGE, { prevResult });
  });

  test("a setting that the text has twice is refused", async () => {
    const prevResult = JSON.parse(await exec("ADD", BRIDGE)) as JsonObject;
    const text = JSON.stringify({ cniVersion: "1.0.0", name: "tuned", ...ALL, prevResult });
    const configuration = text.replace('"sysctl":{', '"sysctl":{"net.core.somaxconn":"1",');
    const call = { type: "tuning", containerId: container.id, netns: container.netns, ifname: "eth0", args: "" };
    for (const command of ["ADD", "CHECK"])
      await expect(host.exec({ ...call, command, configuration })).rejects.toMatchObject({
        code: 7,
        message: expect.stringContaining("duplicated") as unknown,
      });
    await host.exec({ ...call, command: "DEL", configuration });
    await exec("DEL", BRIDGE, { prevResult });
  });
});

describe.skipIf(!HAS_REFERENCE)(`beside the reference's executable${NO_REFERENCE}`, () => {
  // Debian's release of it knows neither IFNAME nor txQLen.
  const SETTINGS = { "net.core.somaxconn": "500", "net.ipv4.conf.eth0.arp_filter": "1" };
  const CONFIGURATIONS: readonly { readonly title: string; readonly plugin: JsonObject }[] = [
    { title: "nothing", plugin: {} },
    {
      title: "everything",
      plugin: { mac: MAC, mtu: 1400, promisc: true, allmulti: true, sysctl: SETTINGS, dataDir: "/run/cnidaria-test" },
    },
    { title: "promisc and allmulti off", plugin: { promisc: false, allmulti: false } },
    { title: "MTU 0", plugin: { mtu: 0 } },
    { title: "settings with slashes", plugin: { sysctl: { "net/ipv4/conf/eth0/arp_filter": "1" } } },
    { title: "several numbers", plugin: { sysctl: { "net.ipv4.tcp_rmem": "4096\t65536\t131072" } } },
    { title: "args.cni", plugin: { mtu: 1400, args: { cni: { mac: MAC, mtu: 1300, promisc: true } } } },
    {
      title: "settings of args.cni",
      plugin: { sysctl: { "net.core.somaxconn": "500" }, args: { cni: { sysctl: { "net.core.somaxconn": "501" } } } },
    },
    { title: "keys of another case", plugin: { MTU: 1300, PROMISC: true, AllMulti: true } },
  ];
  const VERSIONS = ["0.4.0", "1.0.0"] as const;
  const CASES = CONFIGURATIONS.flatMap((each) => VERSIONS.map((cniVersion) => ({ ...each, cniVersion })));

  /** A link with the same addresses each time. */
  const freshLink = (): void => {
    container[Symbol.dispose]();
    container = createContainer();
    container.ip("link add eth0 address 02:00:00:00:00:01 type veth peer name peer0");
  };

  test.for(CASES)("$title, version $cniVersion: same result, same link", async ({ plugin, cniVersion }) => {
    const observe = async (who: "theirs" | "ours") => {
      freshLink();
      const { id: containerId, netns } = container;
      const prevResult = {
        cniVersion,
        interfaces: [
          { name: "eth0", mac: "02:00:00:00:00:01", sandbox: "/sandbox" },
          { name: "eth1", sandbox: "/sandbox" },
        ],
        ips: [{ ...(cniVersion === "1.0.0" ? {} : { version: "4" }), address: "10.9.0.2/24", interface: 0 }],
        dns: { nameservers: ["192.0.2.53"] },
      };
      const configuration: JsonObject = { name: "tuned", ...plugin, cniVersion, type: "tuning", prevResult };
      const call = { type: "tuning", containerId, netns, ifname: "eth0" };
      const ask = async (command: "ADD" | "CHECK" | "DEL"): Promise<JsonObject> => {
        if (who === "theirs") return callReference({ ...call, command, configuration });
        const text = await host.exec({ ...call, command, args: "", configuration: JSON.stringify(configuration) });
        return (text === "" ? {} : JSON.parse(text)) as JsonObject;
      };
      const untuned = stateOf();
      const result = await ask("ADD");
      const tuned = stateOf();
      // The reference takes a link that is promiscuous by args.cni for a wrong one, and so one that was so before.
      if (!("args" in plugin)) await ask("CHECK");
      await ask("DEL");
      return { result, untuned, tuned, restored: stateOf() };
    };
    const [theirs, ours] = [await observe("theirs"), await observe("ours")];
    expect(ours.result).toEqual(theirs.result);
    expect(ours.tuned).toEqual(theirs.tuned);
    // The reference does not put settings back.
    const { somaxconn: _somaxconn, arpFilter: _arpFilter, ...link } = theirs.restored;
    expect(ours.restored).toMatchObject(link);
    expect(ours.restored).toEqual(ours.untuned);
  });
});
