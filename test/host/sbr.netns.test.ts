/**
 * The plugin `sbr`: real packets of a container with two links, executed by itself as runtimes do, and beside the reference's executable.
 * Runs in a node namespace of its own: `npm test` makes it.
 */
import { writeFileSync } from "node:fs";
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
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";
import { reaches } from "../support/traffic.ts";

/** Two networks, and an address that is of neither: packets to it need a default route. */
const SUBNETS = [
  { name: "one", ifname: "eth0", v4: "10.84.0", v6: "2001:db8:84" },
  { name: "two", ifname: "net1", v4: "10.85.0", v6: "2001:db8:85" },
] as const;
const [ONE, TWO] = SUBNETS;
const OUTSIDE = { ipv4: "192.0.2.7", ipv6: "2001:db8:ffff::7" } as const;
/** What the node's loopback has of it, for as long as these tests run. */
const ADDRESSES = [`${OUTSIDE.ipv4}/32`, `${OUTSIDE.ipv6}/128`] as const;

let stage: TestHost;
let host: Host;
let container: TestContainer;
let before: Snapshot;
let rulesBefore: string;

beforeAll(async () => {
  // Else a bridge's own address is of no use for a second.
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  stage = await createTestHost({ plugins: ["bridge", "host-local", "sbr"] });
  ({ host } = stage);
  for (const address of ADDRESSES) run("ip", "addr", "add", address, "dev", "lo");
  // What comes in over the bridge of the other subnet is dropped: a packet that took the wrong table is not answered.
  run("nft", "add table inet paths; add chain inet paths in { type filter hook input priority 0; }");
  for (const [own, other] of [
    [ONE, TWO],
    [TWO, ONE],
  ] as const)
    for (const source of [`ip saddr ${own.v4}.0/24`, `ip6 saddr ${own.v6}::/64`])
      run("nft", "add", "rule", "inet", "paths", "in", "iifname", `br-${other.name}`, ...source.split(" "), "drop");
  before = await snapshot(stage);
});
beforeEach(() => {
  container = createContainer();
  rulesBefore = rules();
});
afterEach(async ({ task }) => {
  // What a test that failed left is nothing that the others have to tell.
  if (task.result?.state === "fail")
    for (const subnet of SUBNETS) await host.gc({ network: requestOf(subnet).network, valid: [] });
  container[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
  run("nft", "delete", "table", "inet", "paths");
  for (const address of ADDRESSES) run("ip", "addr", "del", address, "dev", "lo");
});

const rules = (): string => container.ip("-4 rule") + container.ip("-6 rule");
const routes = (table = "main"): string =>
  ["-4", "-6"]
    .flatMap((family) => container.ip(`${family} route show table all`).split("\n"))
    .map((line) => (/ table /u.test(line) ? line : `${line} table main`).replace(" proto kernel", "").trim())
    .filter((line) => line.includes(`table ${table}`))
    .toSorted()
    .join("\n");
const bridgeOf = ({ name, v4, v6 }: (typeof SUBNETS)[number]): JsonObject => ({
  type: "bridge",
  bridge: `br-${name}`,
  isDefaultGateway: true,
  ipam: { type: "host-local", ranges: [[{ subnet: `${v4}.0/24` }], [{ subnet: `${v6}::/64` }]] },
});
const requestOf = (subnet: (typeof SUBNETS)[number], ...more: readonly JsonObject[]) => ({
  network: { cniVersion: "1.0.0", name: subnet.name, plugins: [bridgeOf(subnet), ...more] },
  containerId: container.id,
  netns: container.netns,
  ifname: subnet.ifname,
});
/** The address that a link has. */
const addressOf = ({ ifname }: (typeof SUBNETS)[number], family: "ipv4" | "ipv6"): string => {
  const line = container.ip(`-${family === "ipv4" ? "4" : "6"} -o addr show dev ${ifname} scope global`);
  return /inet6? ([^/]+)/u.exec(line)?.[1] ?? "";
};
/** Asks the outside from the address of a link. */
const answers = (subnet: (typeof SUBNETS)[number], family: "ipv4" | "ipv6"): boolean => {
  try {
    container.run("ping", "-n", "-c", "1", "-W", "2", "-I", addressOf(subnet, family), OUTSIDE[family]);
    return true;
  } catch {
    return false;
  }
};

describe("a container with two links", () => {
  test("packets from each source take the table of their own, and leave by their own link", async () => {
    const [first, second] = [requestOf(ONE), requestOf(TWO, { type: "sbr" })];
    await host.add(first);
    const plain = requestOf(TWO);
    await host.add(plain);
    // Without sbr one of the two leaves by the other's link.
    expect([answers(ONE, "ipv4"), answers(TWO, "ipv4")]).toContain(false);
    await host.del(plain);
    const mainBefore = routes();
    await host.add(second);
    for (const family of ["ipv4", "ipv6"] as const)
      for (const subnet of SUBNETS)
        expect({ family, ...subnet, ok: answers(subnet, family) }).toMatchObject({ ok: true });
    const withoutLinkLocal = (text: string): string => text.replaceAll(/^fe80::.*\n/gmu, "");
    expect(withoutLinkLocal(routes())).toBe(withoutLinkLocal(mainBefore));
    expect(rules()).toMatch(/from 10\.85\.0\.\d+ lookup 100/u);
    expect(rules()).toMatch(/from 2001:db8:85::\w+ lookup 101/u);
    expect(routes("100")).toMatch(/default via 10\.85\.0\.1 dev net1/u);
    expect(routes("101")).toMatch(/default via 2001:db8:85::1 dev net1/u);
    await host.check(second);
    await host.check(first);
    await host.del(second);
    expect(rules()).toBe(rulesBefore);
    expect(answers(ONE, "ipv4")).toBe(true);
    await host.del(first);
  });

  test("with sbr for both links each gets tables of its own, and the node still reaches both", async () => {
    const both = SUBNETS.map((subnet) => requestOf(subnet, { type: "sbr", addSourceHints: true }));
    for (const request of both) await host.add(request);
    for (const family of ["ipv4", "ipv6"] as const)
      for (const subnet of SUBNETS) {
        run("ping", "-n", "-c", "1", "-W", "2", addressOf(subnet, family));
        expect(answers(subnet, family)).toBe(true);
      }
    expect(routes()).toMatch(/10\.84\.0\.0\/24 dev eth0 .*src 10\.84\.0\./u);
    expect(routes()).toMatch(/2001:db8:85::\/64 dev net1 .*src 2001:db8:85::/u);
    for (const table of ["100", "101", "102", "103"]) expect(routes(table)).toMatch(/default via/u);
    for (const request of both.toReversed()) {
      await host.check(request);
      await host.del(request);
    }
    expect(rules()).toBe(rulesBefore);
  });

  test("CHECK misses a rule and a default route that somebody removed", async () => {
    const request = requestOf(ONE, { type: "sbr" });
    await host.add(request);
    await host.check(request);
    container.ip("route del default table 100");
    expect(await failureOf(host.check(request))).toMatchObject({ code: expect.any(Number) as unknown });
    container.ip("route add default via 10.84.0.1 table 100");
    await host.check(request);
    container.ip("rule del table 100");
    expect((await failureOf(host.check(request))).text).toMatch(/table 100|no rule leads/u);
    await host.del(request);
  });

  test("an ADD that fails after it, DEL without the namespace, and GC leave nothing", async () => {
    const failing = requestOf(ONE, { type: "sbr" }, { type: "sbr", gateways: ["192.0.2.1", "192.0.2.2"] });
    expect(await failureOf(host.add(failing))).toMatchObject({ code: 7 });
    expect(rules()).toBe(rulesBefore);
    await host.del(failing);
    const request = requestOf(ONE, { type: "sbr" });
    await host.add(request);
    await host.gc({ network: request.network, valid: [] });
    expect(rules()).toBe(rulesBefore);
    await host.add(request);
    container.remove();
    await host.del({ ...request, netns: "" });
  });

  test("an address without a gateway is an error that says what to do", async () => {
    const bridge = {
      ...bridgeOf(ONE),
      isDefaultGateway: false,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.84.0.0/24" }]] },
    };
    const network = { cniVersion: "1.0.0", name: "one", plugins: [bridge, { type: "sbr", gateways: ["10.99.0.1"] }] };
    const request = { ...requestOf(ONE), network };
    const { text } = await failureOf(host.add(request));
    expect(text).toMatch(/add routes over "eth0": unreachable/u);
    expect(rules()).toBe(rulesBefore);
    await host.del(request);
  });

  test("a grant without the tables is a refusal that names them", async () => {
    await stage.install({
      name: "sbr",
      capabilities: { "container-rules": { tables: [200] }, "container-routes": { tables: [254], delete: true } },
    });
    const request = requestOf(ONE, { type: "sbr" });
    const { code, text } = await failureOf(host.add(request));
    expect(code).toBe(101);
    expect(text).toMatch(/"container-routes" with table 100 in "tables"/u);
    expect(rules()).toBe(rulesBefore);
    await host.del(request);
    await stage.install("sbr");
  });
});

describe("executed by itself", () => {
  const exec = async (command: string, plugin: JsonObject, changes: JsonObject = {}): Promise<JsonObject> => {
    const configuration = { cniVersion: "1.0.0", name: "one", ...plugin, ...changes };
    const text = await execPlugin(host, command, container, configuration);
    return (text === "" ? {} : JSON.parse(text)) as JsonObject;
  };

  test("ADD moves the routes, and DEL puts them back", async () => {
    const prevResult = await exec("ADD", bridgeOf(ONE));
    const unmoved = routes();
    const SBR = { type: "sbr" };
    expect(await exec("ADD", SBR, { prevResult })).toEqual(prevResult);
    expect(routes()).not.toMatch(/10\.84|default/u);
    expect(await failureOf(exec("ADD", SBR, { prevResult }))).toMatchObject({ code: expect.any(Number) as unknown });
    await exec("CHECK", SBR, { prevResult });
    await exec("DEL", SBR, { prevResult });
    expect(routes()).toBe(unmoved);
    expect(rules()).toBe(rulesBefore);
    await exec("DEL", SBR, { prevResult });
    await exec("DEL", bridgeOf(ONE), { prevResult });
  });

  test("without a previous result it is refused", async () => {
    expect(await failureOf(exec("ADD", { type: "sbr" }))).toMatchObject({
      code: 7,
      message: expect.stringContaining("prevResult") as unknown,
    });
    await exec("DEL", { type: "sbr" });
  });

  test.skipIf(!HAS_REFERENCE)(`beside the reference: the same tables and rules${NO_REFERENCE}`, async () => {
    const observe = async (who: "theirs" | "ours") => {
      container[Symbol.dispose]();
      container = createContainer();
      container.ip("link add eth0 type veth peer name peer0");
      for (const each of ["peer0", "eth0"]) container.ip(`link set ${each} up`);
      container.ip("addr add 10.86.0.2/24 dev eth0");
      container.ip("route add default via 10.86.0.1");
      container.ip("route add 192.0.2.0/24 via 10.86.0.9");
      const ips = [{ address: "10.86.0.2/24", gateway: "10.86.0.1", interface: 0 }];
      const prevResult: JsonObject = {
        cniVersion: "1.0.0",
        interfaces: [{ name: "eth0", sandbox: container.netns }],
        ips,
      };
      const configuration: JsonObject = { cniVersion: "1.0.0", name: "one", type: "sbr", prevResult };
      const { id: containerId, netns } = container;
      const ask = (command: "ADD" | "DEL"): Promise<JsonObject> =>
        who === "ours"
          ? exec(command, configuration)
          : callReference({ type: "sbr", command, containerId, netns, configuration });
      const result = await ask("ADD");
      // Link-local routes stay where they are; the reference moves them.
      const seen = [rules(), routes("100"), routes()].map((text) => text.replaceAll(/^fe80::.*\n?/gmu, "").trim());
      await ask("DEL");
      return { result, seen, after: rules() };
    };
    const [theirs, ours] = [await observe("theirs"), await observe("ours")];
    expect({ ...ours, result: undefined }).toEqual({ ...theirs, result: undefined });
  });
});

test("the node answers", async () => {
  const request = requestOf(ONE);
  await host.add(request);
  expect(await reaches(container.id, "icmp", { address: OUTSIDE.ipv4, port: 0 })).toBe(true);
  await host.del(request);
});
