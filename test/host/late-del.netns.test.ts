/**
 * A DEL that comes late: its container's address, path or namespace is another's by now, who keeps all of it. Runs in a node namespace of its
 * own: `npm test` makes it.
 */
import { statSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { containerSnapshot, expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";

let stage: TestHost;
let host: Host;
let before: Snapshot;
let container: TestContainer;
let other: TestContainer;

beforeAll(async () => {
  stage = await createTestHost({
    plugins: ["bridge", "ptp", "host-local", "static", "portmap", "firewall", "tuning", "loopback"],
  });
  ({ host } = stage);
  before = await snapshot(stage);
});
beforeEach(() => {
  [container, other] = [createContainer(), createContainer()];
});
afterEach(async ({ task }) => {
  // What a test that failed left is nothing that the others have to tell.
  if (task.result?.state === "fail") await host.gc({ network: networkOf({ type: "bridge" }, {}), valid: [] });
  for (const each of [container, other]) each[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});
afterAll(() => stage[Symbol.asyncDispose]());

/** One address beside the gateway's: whoever comes next has it. */
const HOST_LOCAL: JsonObject = {
  type: "host-local",
  ranges: [[{ subnet: "10.78.0.0/24", rangeStart: "10.78.0.9", rangeEnd: "10.78.0.9", gateway: "10.78.0.1" }]],
};
const STATIC: JsonObject = { type: "static", addresses: [{ address: "10.78.0.9/24", gateway: "10.78.0.1" }] };
const MAINS: readonly JsonObject[] = [
  { type: "ptp", ipMasq: true, ipMasqBackend: "nftables" },
  { type: "bridge", bridge: "late0", isGateway: true, ipMasq: true, ipMasqBackend: "nftables", macspoofchk: true },
  { type: "bridge", bridge: "late0", isGateway: true, ipMasq: true, ipMasqBackend: "iptables-nft" },
];

const networkOf = (main: JsonObject, ipam: JsonObject): JsonObject => {
  const backend = String(main["ipMasqBackend"]);
  return {
    cniVersion: "1.1.0",
    name: "late",
    plugins: [
      { ...main, ipam },
      { type: "portmap", backend, capabilities: { portMappings: true } },
      { type: "firewall", backend },
      { type: "tuning", sysctl: { "net.ipv4.conf.IFNAME.arp_filter": "1" } },
    ],
  };
};
const requestOf = (network: JsonObject, of: TestContainer = container) => ({
  network,
  containerId: of.id,
  netns: of.netns,
  ifname: "eth0",
  runtimeConfig: { portMappings: [{ hostPort: 8078, containerPort: 80, protocol: "tcp" }] },
});
/** What packet filters have, other than how often it was met. */
const rules = (): string =>
  (run("nft", "list", "ruleset") + run("iptables-nft-save")).replaceAll(/^#.*\n|\[\d+:\d+\]/gmu, "");

describe.each(MAINS)("of %j", (main) => {
  test("an address that was reclaimed and given to another stays that one's, with its ports and rules", async () => {
    const network = networkOf(main, HOST_LOCAL);
    const [first, second] = [requestOf(network), requestOf(network, other)];
    const { ips } = await host.add(first);
    await host.gc({ network, valid: [] });
    expect((await host.add(second))["ips"]).toEqual(ips);
    const [found, ruled] = [await snapshot(stage), rules()];
    await host.del(first);
    await host.del({ ...first, netns: "" });
    expect(await snapshot(stage)).toEqual(found);
    expect(rules()).toBe(ruled);
    await host.check(second);
    await host.del(second);
  });

  test("an address that both were told to have stays the first's, whatever becomes of the second's ADD and DEL", async () => {
    const network = networkOf(main, STATIC);
    const [first, second] = [requestOf(network), { ...requestOf(network, other), runtimeConfig: {} }];
    await host.add(first);
    const [found, ruled] = [await snapshot(stage), rules()];
    expect(await failureOf(host.add(second))).toMatchObject({ code: 109 });
    await host.del(second);
    await host.gc({ network, valid: [first] });
    expect(await snapshot(stage)).toEqual(found);
    expect(rules()).toBe(ruled);
    await host.check(first);
    await host.del(first);
    await host.add(second);
    await host.del(first);
    await host.check(second);
    await host.del(second);
  });
});

describe("a namespace that is another one by now", () => {
  const network = networkOf(MAINS[1] ?? {}, HOST_LOCAL);

  /** Replaces the container's namespace by another at the same path, which has a link of the same name and settings of its own. */
  function recycle(): void {
    const { ino } = statSync(container.netns);
    // The kernel gives the number of one that it has cleared away, mostly at once: others are made until it does.
    for (let round = 0; round < 50; round += 1) {
      container.remove();
      container = createContainer(container.id);
      if (statSync(container.netns).ino === ino) break;
    }
    container.ip("link add eth0 type veth peer name eth1");
    container.ip("addr add 10.78.0.9/24 dev eth0");
    for (const name of ["eth0", "eth1"]) container.ip(`link set ${name} up`);
    container.run("sysctl", "-qw", "net.ipv4.conf.eth0.arp_filter=1");
  }

  test("is not touched by CHECK, by its repair, by doctor's, and by DEL, whatever is in it", async () => {
    const request = requestOf(network);
    await host.add(request);
    recycle();
    const found = containerSnapshot(container.id);
    const refusal = {
      code: 8,
      text: expect.stringContaining("is not the namespace that the container was added with") as unknown,
    };
    expect(await failureOf(host.check(request))).toMatchObject(refusal);
    expect(await failureOf(host.check({ ...request, repair: true }))).toMatchObject(refusal);
    await host.doctor({ repair: true });
    expect(containerSnapshot(container.id)).toEqual(found);
    await host.del(request);
    expect(containerSnapshot(container.id)).toEqual(found);
    expect(container.run("cat", "/proc/sys/net/ipv4/conf/eth0/arp_filter").trim()).toBe("1");
  });

  test.for([
    { title: "loopback", plugins: [{ type: "loopback" }] },
    { title: "bridge", plugins: [{ ...MAINS[1], ipam: STATIC }] },
  ])("and that the container was added to again, without a DEL, is its own: $title", async ({ plugins }) => {
    const request = { ...requestOf({ cniVersion: "1.1.0", name: "late", plugins }), runtimeConfig: {} };
    await host.add(request);
    container.remove();
    container = createContainer(container.id);
    await host.add(request);
    await host.check(request);
    await host.del(request);
  });

  test("and that another container was added with meanwhile stays that one's", async () => {
    const request = requestOf(network);
    await host.add(request);
    container.remove();
    container = createContainer(container.id);
    await host.gc({ network, valid: [] });
    const second = { ...requestOf(network), containerId: other.id };
    await host.add(second);
    const [found, inside] = [await snapshot(stage), containerSnapshot(container.id)];
    expect((await failureOf(host.check(request))).text).toContain(other.id);
    await host.del(request);
    expect(await snapshot(stage)).toEqual(found);
    expect(containerSnapshot(container.id)).toEqual(inside);
    await host.check(second);
    await host.del(second);
  });
});
