/**
 * The plugin `ptp`: real packets between container, node, another container and the outside, and beside the reference's executable. Runs in a
 * node namespace of its own: `npm test` makes it.
 */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { callReference, HAS_REFERENCE, NO_REFERENCE } from "../interop/reference.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";

const RANGES = [[{ subnet: "10.87.0.0/24" }], [{ subnet: "2001:db8:87::/64" }]];
const ROUTES = [{ dst: "0.0.0.0/0" }, { dst: "::/0" }];
const PTP: JsonObject = { type: "ptp", ipMasq: true, ipam: { type: "host-local", ranges: RANGES, routes: ROUTES } };
/** The other side of the node's only link to the outside, which knows of no container. */
const OUTSIDE = ["203.0.113.2", "2001:db8:ffff::2"] as const;

let stage: TestHost;
let host: Host;
let container: TestContainer;
let outside: TestContainer;
let before: Snapshot;

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["ptp", "host-local", "static"] });
  ({ host } = stage);
  outside = createContainer();
  run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1", "netns", outside.id);
  writeFileSync("/proc/sys/net/ipv6/conf/up0/accept_dad", "0");
  outside.run("sysctl", "-qw", "net.ipv6.conf.up1.accept_dad=0");
  run("ip", "link", "set", "up0", "up");
  outside.ip("link set up1 up");
  for (const [address, there] of [
    ["203.0.113.1/24", `${OUTSIDE[0]}/24`],
    ["2001:db8:ffff::1/64", `${OUTSIDE[1]}/64`],
  ] as const) {
    run("ip", "addr", "add", address, "dev", "up0");
    outside.ip(`addr add ${there} dev up1`);
  }
  // It stays on; the kernel has further addresses of a link then.
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  writeFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  before = await snapshot(stage);
});
beforeEach(() => {
  container = createContainer();
});
afterEach(async ({ task }) => {
  container[Symbol.dispose]();
  if (task.result?.state === "fail") await host.gc({ network: networkOf(), valid: [] });
  await expectNothingLeft(before, stage);
});
afterAll(async () => {
  run("ip", "link", "del", "up0");
  outside[Symbol.dispose]();
  await stage[Symbol.asyncDispose]();
});

const networkOf = (changes: JsonObject = {}): JsonObject => ({
  cniVersion: "1.0.0",
  name: "p2p",
  plugins: [{ ...PTP, ...changes }],
});
const requestOf = (changes: JsonObject = {}, of: TestContainer = container) => ({
  network: networkOf(changes),
  containerId: of.id,
  netns: of.netns,
  ifname: "eth0",
});
const addressesIn = (result: JsonObject): readonly string[] =>
  (result["ips"] as readonly { readonly address: string }[]).map(({ address }) => address.split("/")[0] ?? "");
const ping = (from: TestContainer, address: string): string => from.run("ping", "-n", "-c", "1", "-W", "2", address);

describe("real packets", () => {
  test("to the node, from the node, to another container, and to the outside under the node's address", async () => {
    using other = createContainer();
    const result = await host.add(requestOf());
    const others = addressesIn(await host.add(requestOf({}, other)));
    for (const gateway of ["10.87.0.1", "2001:db8:87::1"]) ping(container, gateway);
    for (const address of addressesIn(result)) run("ping", "-n", "-c", "1", "-W", "2", address);
    for (const address of others) ping(container, address);
    for (const address of OUTSIDE) ping(container, address);
    // Without the gateway nobody is reached: nothing of the subnet is on the link.
    expect(container.ip("-4 route")).toMatch(/10\.87\.0\.0\/24 via 10\.87\.0\.1 dev eth0 src 10\.87\.0\.\d+/u);
    expect(container.ip("-4 route")).toMatch(/10\.87\.0\.1 dev eth0 scope link src/u);
    await host.check(requestOf());
    await host.del(requestOf());
    await host.check(requestOf({}, other));
    for (const address of OUTSIDE) ping(other, address);
    await host.del(requestOf({}, other));
  });

  test("without ipMasq the outside does not answer, and the node does", async () => {
    const request = requestOf({ ipMasq: false });
    await host.add(request);
    ping(container, "10.87.0.1");
    expect(() => ping(container, OUTSIDE[0])).toThrow();
    await host.del(request);
  });
});

describe.each(["iptables", "iptables-nft", "iptables-legacy"])("masquerading by ipMasqBackend %s", (ipMasqBackend) => {
  test("the outside, which knows no way back, answers the node's address; after DEL nothing is left", async () => {
    const request = requestOf({ ipMasqBackend });
    const ruled = rulesOfIptables();
    await host.add(request);
    for (const address of OUTSIDE) ping(container, address);
    expect(rulesOfIptables()).toContain("10.87.0.");
    expect(rulesOfIptables()).toContain("2001:db8:87::");
    expect(run("nft", "list", "tables")).not.toMatch(/inet cnidaria$/mu);
    await host.check(request);
    container.remove();
    await host.del({ ...request, netns: "" });
    expect(rulesOfIptables()).toBe(ruled);
  });
});

/** What both variants have for containers. Built-in chains are no more than that. */
function rulesOfIptables(): string {
  const programs = ["iptables", "ip6tables"].flatMap((name) => [`${name}-nft-save`, `${name}-legacy-save`]);
  const lines = programs.flatMap((program) => run(program).split("\n"));
  return lines.filter((line) => /cnidaria|10\.87\.|2001:db8:87:/iu.test(line)).join("\n");
}

describe("the attachment", () => {
  test("has a result of two links, the MTU on both, and the configuration's dns", async () => {
    const request = requestOf({ mtu: 1400, dns: { nameservers: ["192.0.2.53"] } });
    const result = await host.add(request);
    expect(result).toMatchObject({
      interfaces: [{ name: expect.stringMatching(/^veth/u) as unknown }, { name: "eth0", sandbox: container.netns }],
      ips: [
        { gateway: "10.87.0.1", interface: 1 },
        { gateway: "2001:db8:87::1", interface: 1 },
      ],
      routes: ROUTES,
      dns: { nameservers: ["192.0.2.53"] },
    });
    const [node] = result["interfaces"] as readonly { readonly name: string }[];
    for (const text of [container.ip("-o link show eth0"), run("ip", "-o", "link", "show", String(node?.name))])
      expect(text).toMatch(/mtu 1400/u);
    await host.del(request);
  });

  test.for([
    {
      title: "the gateway's address",
      command: (node: string) => run("ip", "addr", "del", "10.87.0.1/32", "dev", node),
      text: /10\.87\.0\.1/u,
    },
    {
      title: "the node's route",
      command: (node: string) => run("ip", "route", "flush", "dev", node, "scope", "host", "table", "main"),
      text: /route|10\.87/u,
    },
    { title: "the route to the gateway", command: () => container.ip("route flush table main"), text: /route/u },
    {
      title: "masquerading",
      command: () => run("nft", "flush", "map", "inet", "cnidaria", "masquerade_v4"),
      text: /masquerade/u,
    },
  ])("CHECK misses $title that somebody removed", async ({ command, text }) => {
    const request = requestOf();
    const result = await host.add(request);
    await host.check(request);
    command((result["interfaces"] as readonly { readonly name: string }[])[0]?.name ?? "");
    expect((await failureOf(host.check(request))).text).toMatch(text);
    await host.del(request);
  });

  test("DEL without the namespace, and GC without the plugin's word, leave nothing", async () => {
    const request = requestOf();
    await host.add(request);
    await host.gc({ network: request.network, valid: [] });
    await host.add(request);
    container.remove();
    await host.del({ ...request, netns: "" });
  });

  test("an ADD that fails leaves nothing: no gateway, a gateway elsewhere, a route of another", async () => {
    const staticOf = (address: JsonObject): JsonObject => ({ ipam: { type: "static", addresses: [address] } });
    expect(await failureOf(host.add(requestOf(staticOf({ address: "10.87.0.9/24" }))))).toMatchObject({ code: 7 });
    const elsewhere = await failureOf(
      host.add(requestOf(staticOf({ address: "10.87.0.9/24", gateway: "203.0.113.2" }))),
    );
    expect(elsewhere.code).toBe(101);
    run("ip", "route", "add", "10.87.0.9/32", "dev", "up0");
    const taken = await failureOf(host.add(requestOf(staticOf({ address: "10.87.0.9/24", gateway: "10.87.0.1" }))));
    expect(taken).toMatchObject({
      code: 109,
      text: expect.stringContaining("route the container's addresses") as unknown,
    });
    run("ip", "route", "del", "10.87.0.9/32", "dev", "up0");
  });

  test.for(["node-routes", "node-addresses", "container-routes"])(
    "without the grant %s ADD is refused, and leaves nothing",
    async (name) => {
      const { [name]: _taken, ...capabilities } = MANIFEST;
      await stage.install({ name: "ptp", capabilities });
      const { code, text } = await failureOf(host.add(requestOf()));
      expect(code).toBe(101);
      expect(text).toContain(name);
      await stage.install("ptp");
    },
  );
});

const MANIFEST: Record<string, JsonObject> = {
  "container-links": { kinds: ["veth"], set: ["up"] },
  "container-addresses": { from: "ipam" },
  "container-routes": { tables: "any", delete: true },
  "node-links": {},
  "node-addresses": { own: true },
  "node-routes": {},
  "node-forwarding": { families: ["ipv4", "ipv6"] },
  masquerade: {},
  ipam: {},
};

describe.skipIf(!HAS_REFERENCE)(`beside the reference's executable${NO_REFERENCE}`, () => {
  test("the same addresses and routes in the container, and the same way to it on the node", async () => {
    const observe = async (who: "theirs" | "ours") => {
      container[Symbol.dispose]();
      container = createContainer();
      const ipam = {
        type: "static",
        addresses: [{ address: "10.87.0.9/24", gateway: "10.87.0.1" }],
        routes: [{ dst: "0.0.0.0/0" }],
      };
      const configuration: JsonObject = { cniVersion: "1.0.0", name: "p2p", type: "ptp", mtu: 1400, ipam };
      const call = { type: "ptp", containerId: container.id, netns: container.netns, ifname: "eth0" };
      const ask = async (command: "ADD" | "DEL"): Promise<JsonObject> => {
        if (who === "theirs") return callReference({ ...call, command, configuration });
        const text = await host.exec({ ...call, command, args: "", configuration: JSON.stringify(configuration) });
        return (text === "" ? {} : JSON.parse(text)) as JsonObject;
      };
      const result = await ask("ADD");
      // An empty dns object is none.
      const {
        interfaces,
        dns: _dns,
        ...rest
      } = result as { readonly dns?: object; readonly interfaces: readonly { readonly name: string }[] };
      const node = interfaces[0]?.name ?? "";
      const named = (text: string): string =>
        text
          .replaceAll(node, "NODE")
          .replaceAll(/ linkdown/gu, "")
          .trim();
      const seen = {
        rest,
        names: interfaces.map(({ name }) => named(name)),
        routes: container
          .ip("-4 route")
          .trim()
          .split("\n")
          .map((line) => line.trim())
          .toSorted(),
        address: container.ip("-4 -br addr show eth0").replace(/@\S+/u, "").trim(),
        nodeRoutes: named(run("ip", "-4", "route", "show", "dev", node)),
        nodeAddress: named(run("ip", "-4", "-br", "addr", "show", "dev", node)).replace(/@\S+/u, ""),
      };
      await ask("DEL");
      return seen;
    };
    const [theirs, ours] = [await observe("theirs"), await observe("ours")];
    expect(ours).toEqual(theirs);
  });
});
