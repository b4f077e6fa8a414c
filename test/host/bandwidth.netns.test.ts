/**
 * @module Rates through the whole, by real connections: both directions, both families, several attachments; and nothing is left.
 */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import { measureThroughput } from "../support/throughput.ts";

const MBIT = 1_000_000;
const BANDWIDTH = {
  type: "bandwidth",
  ingressRate: 40 * MBIT,
  ingressBurst: 2 * MBIT,
  egressRate: 20 * MBIT,
  egressBurst: MBIT,
};

let subject: TestHost;
let containers: TestContainer[] = [];

beforeAll(async () => {
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) writeFileSync(`/proc/sys/net/${name}`, "1");
  subject = await createTestHost({ plugins: ["bandwidth", "bridge", "host-local", "tuning"] });
});
afterAll(() => subject[Symbol.asyncDispose]());
afterEach(async () => {
  await subject.host.gc({ network: network(), valid: [] });
  for (const container of containers) container[Symbol.dispose]();
  containers = [];
});

function newContainer(): TestContainer {
  const container = createContainer();
  containers.push(container);
  return container;
}

const BRIDGE = {
  type: "bridge",
  bridge: "tb0",
  isGateway: true,
  ipam: { type: "host-local", ranges: [[{ subnet: "10.83.0.0/24" }], [{ subnet: "2001:db8:83::/64" }]] },
};
const network = (bandwidth: JsonObject = BANDWIDTH): JsonObject => ({
  cniVersion: "1.1.0",
  name: "rates",
  plugins: [BRIDGE, bandwidth],
});
const requestOf = (container: TestContainer, asked = network(), ifname = "eth0", runtimeConfig: JsonObject = {}) => ({
  network: asked,
  containerId: container.id,
  netns: container.netns,
  ifname,
  runtimeConfig,
});
const addressesOf = (result: JsonObject): readonly string[] =>
  (result["ips"] as readonly { readonly address: string }[]).map(({ address }) => address.split("/")[0] ?? "");
const interfacesOf = (result: JsonObject): readonly string[] =>
  (result["interfaces"] as readonly { readonly name: string }[]).map(({ name }) => name);
/** What the kernel says of all rates, handles and names left out. */
const disciplines = (): string => run("tc", "qdisc", "show");

/** Payload of a packet, and what it is counted with: headers and, for a link, the frame's. */
const isAbout = (got: number, rate: number): void => {
  expect(got / rate).toBeGreaterThan(0.85);
  expect(got / rate).toBeLessThan(1.15);
};

test("are kept in both directions, over IPv4 and IPv6, also when another attachment has others; DEL leaves nothing", async () => {
  const before = await snapshot(subject);
  const [one, two] = [newContainer(), newContainer()];
  const slow = requestOf(one);
  const fast = requestOf(two, network({ ...BANDWIDTH, ingressRate: 80 * MBIT, egressRate: 60 * MBIT }));
  const [v4 = "", v6 = ""] = addressesOf(await subject.host.add(slow));
  const [other = ""] = addressesOf(await subject.host.add(fast));
  const node = undefined;
  isAbout(await measureThroughput({ from: node, to: one.id, address: "10.83.0.1" }), 40 * MBIT);
  isAbout(await measureThroughput({ from: one.id, to: node, address: v4 }), 20 * MBIT);
  isAbout(await measureThroughput({ from: node, to: one.id, address: "2001:db8:83::1" }), 40 * MBIT);
  isAbout(await measureThroughput({ from: one.id, to: node, address: v6 }), 20 * MBIT);
  isAbout(await measureThroughput({ from: node, to: two.id, address: "10.83.0.1" }), 80 * MBIT);
  isAbout(await measureThroughput({ from: two.id, to: node, address: other }), 60 * MBIT);
  // From one to the other: the slower of what one sends and the other gets.
  isAbout(await measureThroughput({ from: two.id, to: one.id, address: other }), 40 * MBIT);
  await subject.host.check(slow);
  await subject.host.del(slow);
  isAbout(await measureThroughput({ from: two.id, to: node, address: other }), 60 * MBIT);
  await subject.host.del(fast);
  expect(disciplines()).not.toMatch(/tbf|ingress/u);
  await expectNothingLeft(before, subject);
}, 60_000);

describe("the result", () => {
  test("has the ifb link, which has the MTU of the node's end, at its end", async () => {
    const container = newContainer();
    const request = requestOf(container, {
      ...network(),
      plugins: [{ ...BRIDGE, mtu: 1400 }, BANDWIDTH],
    });
    const names = interfacesOf(await subject.host.add(request));
    expect(names).toHaveLength(4);
    const [, nodeEnd = "", , ifb = ""] = names;
    expect(ifb).toMatch(/^bwp[0-9a-f]{12}$/u);
    expect(run("ip", "-d", "link", "show", ifb)).toMatch(/mtu 1400 .*ifb/su);
    expect(run("ip", "link", "show", ifb)).toMatch(/alias cnidaria:[0-9a-f]{32}/u);
    // 25 ms of the rate, and the burst.
    expect(run("tc", "qdisc", "show", "dev", nodeEnd)).toMatch(/tbf \w+: root .*rate 40Mbit burst 250000b lat 25ms/u);
    expect(run("tc", "qdisc", "show", "dev", ifb)).toMatch(/tbf \w+: root .*rate 20Mbit burst 125000b lat 25ms/u);
    expect(run("tc", "filter", "show", "dev", nodeEnd, "ingress")).toContain(`Egress Redirect to device ${ifb}`);
  });

  test.for([
    { title: "ingress alone makes no ifb link", change: { egressRate: 0, egressBurst: 0 }, count: 3, pattern: /tbf/u },
    {
      title: "egress alone leaves what the node's end sends",
      change: { ingressRate: 0, ingressBurst: 0 },
      count: 4,
      pattern: /^(?!.*tbf.*dev veth)/su,
    },
    {
      title: "nothing changes nothing",
      change: { ingressRate: 0, ingressBurst: 0, egressRate: 0, egressBurst: 0 },
      count: 3,
      pattern: /^(?!.*tbf)/su,
    },
  ])("$title", async ({ change, count, pattern }) => {
    const request = requestOf(newContainer(), network({ ...BANDWIDTH, ...change }));
    expect(interfacesOf(await subject.host.add(request))).toHaveLength(count);
    expect(disciplines()).toMatch(pattern);
    await subject.host.check(request);
  });
});

describe("rates come", () => {
  const rate = { ingressRate: 30 * MBIT, ingressBurst: 3 * MBIT };
  const declared = { type: "bandwidth", capabilities: { bandwidth: true } };

  test("from the runtime", async () => {
    await subject.host.add(requestOf(newContainer(), network(declared), "eth0", { bandwidth: rate }));
    expect(disciplines()).toMatch(/rate 30Mbit/u);
  });

  test("as containerd spells them", async () => {
    const spelled = { IngressRate: 30 * MBIT, IngressBurst: 3 * MBIT, EgressRate: 0, EgressBurst: 0 };
    await subject.host.add(requestOf(newContainer(), network(declared), "eth0", { bandwidth: spelled }));
    expect(disciplines()).toMatch(/rate 30Mbit/u);
  });

  test("from the configuration before the runtime", async () => {
    const asked = network({ ...declared, egressRate: 10 * MBIT, egressBurst: MBIT });
    await subject.host.add(requestOf(newContainer(), asked, "eth0", { bandwidth: rate }));
    expect(disciplines()).toMatch(/rate 10Mbit/u);
    expect(disciplines()).not.toMatch(/rate 30Mbit/u);
  });

  test("as often as a container is attached, also twice to one network", async () => {
    const before = await snapshot(subject);
    const container = newContainer();
    const [first, second] = [requestOf(container), requestOf(container, network(), "eth1")];
    const names = [interfacesOf(await subject.host.add(first)), interfacesOf(await subject.host.add(second))];
    expect(names[0]?.at(-1)).not.toBe(names[1]?.at(-1));
    await subject.host.del(first);
    await subject.host.check(second);
    await subject.host.del(second);
    await expectNothingLeft(before, subject);
  });
});

test.for([
  { what: "a burst without a rate", change: { ingressRate: 0 }, code: 7, text: "ingressRate" },
  { what: "a rate without a burst", change: { egressBurst: 0 }, code: 7, text: "egressBurst" },
  { what: "a burst of 4 GiB", change: { ingressBurst: 8 * 2 ** 32 }, code: 7, text: "34359738360 bits" },
  { what: "less than a byte", change: { ingressRate: 7 }, code: 7, text: "8 bits" },
  { what: "more than the kernel can count", change: { ingressRate: 2 ** 45 }, code: 7, text: "4 GiB" },
  { what: "a subnet", change: { unshapedSubnets: ["10.0.0.0/8"] }, code: 2, text: "unshapedSubnets" },
])("$what is code $code, and nothing is left", async ({ change, code, text }) => {
  const before = await snapshot(subject);
  const failure = await failureOf(subject.host.add(requestOf(newContainer(), network({ ...BANDWIDTH, ...change }))));
  expect(failure).toMatchObject({ code, text: expect.stringContaining(text) as unknown });
  await expectNothingLeft(before, subject);
});

test("subnets that the runtime names are refused by name", async () => {
  const asked = network({ type: "bandwidth", capabilities: { bandwidth: true } });
  const bandwidth = { ingressRate: MBIT, ingressBurst: MBIT, shapedSubnets: ["10.0.0.0/8"] };
  const failure = await failureOf(subject.host.add(requestOf(newContainer(), asked, "eth0", { bandwidth })));
  expect(failure).toMatchObject({ code: 2, text: expect.stringContaining("bandwidth.shapedSubnets") as unknown });
});

describe("CHECK finds", () => {
  const damages = [
    { what: "another rate", damage: (_end: string, ifb: string) => run("tc", "qdisc", "del", "dev", ifb, "root") },
    {
      what: "that the container's packets go another way",
      damage: (end: string) => run("tc", "qdisc", "del", "dev", end, "ingress"),
    },
    { what: "that the ifb link is gone", damage: (_end: string, ifb: string) => run("ip", "link", "del", ifb) },
    { what: "that the ifb link is down", damage: (_end: string, ifb: string) => run("ip", "link", "set", ifb, "down") },
    {
      what: "a rate that somebody changed",
      damage: (end: string) => {
        const [, handle = ""] = /tbf (\w+:) root/u.exec(run("tc", "qdisc", "show", "dev", end)) ?? [];
        run(
          "tc",
          "qdisc",
          "change",
          "dev",
          end,
          "root",
          "handle",
          handle,
          "tbf",
          ..."rate 1mbit burst 10kb latency 50ms".split(" "),
        );
      },
    },
  ];
  test.for(damages)("$what, and DEL leaves nothing all the same", async ({ damage }) => {
    const before = await snapshot(subject);
    const request = requestOf(newContainer());
    const [, end = "", , ifb = ""] = interfacesOf(await subject.host.add(request));
    await subject.host.check(request);
    damage(end, ifb);
    expect(await failureOf(subject.host.check(request))).toMatchObject({ code: 999 });
    await subject.host.del(request);
    await expectNothingLeft(before, subject);
  });
});

describe("nothing is left", () => {
  test("by DEL without the namespace", async () => {
    const before = await snapshot(subject);
    const container = newContainer();
    const request = requestOf(container);
    await subject.host.add(request);
    container.remove();
    await subject.host.del({ ...request, netns: "" });
    await expectNothingLeft(before, subject);
  });

  test("by DEL without the plugin", async () => {
    const before = await snapshot(subject);
    const request = requestOf(newContainer());
    await subject.host.add(request);
    await subject.host.revoke("bandwidth");
    await subject.host.del(request).finally(() => subject.install("bandwidth"));
    await expectNothingLeft(before, subject);
  });

  test("by GC", async () => {
    const before = await snapshot(subject);
    await subject.host.add(requestOf(newContainer()));
    await subject.host.gc({ network: network(), valid: [] });
    await expectNothingLeft(before, subject);
  });

  test("by an ADD that a later plugin fails", async () => {
    const before = await snapshot(subject);
    const asked = { ...network(), plugins: [BRIDGE, BANDWIDTH, { type: "tuning", mtu: -1 }] };
    await failureOf(subject.host.add(requestOf(newContainer(), asked)));
    await expectNothingLeft(before, subject);
  });
});
