/**
 * @module Rates among other plugins: in a list, executed one by one, and on links that executables without confinement made.
 */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { execPlugin } from "../support/exec.ts";
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
const BRIDGE = {
  type: "bridge",
  bridge: "tb0",
  isGateway: true,
  ipam: { type: "host-local", ranges: [[{ subnet: "10.84.0.0/24" }]] },
};
const CHAIN = [
  { type: "portmap", capabilities: { portMappings: true } },
  { type: "firewall" },
  BANDWIDTH,
  { type: "tuning", mtu: 1400, sysctl: { "net.core.somaxconn": "500" } },
];

let subject: TestHost;
let containers: TestContainer[] = [];

beforeAll(async () => {
  // Else the kernel says seconds later that nobody else has an address.
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  subject = await createTestHost({ plugins: ["bandwidth", "bridge", "firewall", "host-local", "portmap", "tuning"] });
});
afterAll(() => subject[Symbol.asyncDispose]());
afterEach(() => {
  for (const container of containers) container[Symbol.dispose]();
  containers = [];
});

function newContainer(): TestContainer {
  const container = createContainer();
  containers.push(container);
  return container;
}

const isAbout = (got: number, rate: number): void => {
  expect(got / rate).toBeGreaterThan(0.85);
  expect(got / rate).toBeLessThan(1.15);
};

describe("in a chain of bridge, portmap, firewall, bandwidth and tuning", () => {
  const runtimeConfig = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] };

  test("as a list", async () => {
    const before = await snapshot(subject);
    const container = newContainer();
    const request = {
      network: { cniVersion: "1.1.0", name: "rates", plugins: [BRIDGE, ...CHAIN] },
      containerId: container.id,
      netns: container.netns,
      ifname: "eth0",
      runtimeConfig,
    };
    await subject.host.add(request);
    isAbout(await measureThroughput({ from: container.id, to: undefined, address: "10.84.0.2" }), 20 * MBIT);
    await subject.host.check(request);
    await subject.host.del(request);
    await expectNothingLeft(before, subject);
  });

  test("executed one by one", async () => {
    const before = await snapshot(subject);
    const container = newContainer();
    const common = { cniVersion: "1.0.0", name: "rates", runtimeConfig };
    const exec = (command: string, plugin: JsonObject, more: JsonObject): Promise<string> =>
      execPlugin(subject.host, command, container, { ...common, ...plugin, ...more });
    let prevResult = JSON.parse(await exec("ADD", BRIDGE, {})) as JsonObject;
    for (const plugin of CHAIN) prevResult = JSON.parse(await exec("ADD", plugin, { prevResult })) as JsonObject;
    isAbout(await measureThroughput({ from: undefined, to: container.id, address: "10.84.0.1" }), 40 * MBIT);
    for (const plugin of CHAIN) await exec("CHECK", plugin, { prevResult });
    for (const plugin of CHAIN.toReversed()) await exec("DEL", plugin, { prevResult });
    expect(run("tc", "qdisc", "show")).not.toMatch(/tbf|ingress/u);
    await exec("DEL", BRIDGE, { prevResult });
    await expectNothingLeft(before, subject);
  });
});

describe("on a link that another program made", () => {
  /** A pair, as an executable that nobody knows makes it, and the result that it gives. */
  function attach(container: TestContainer): { readonly prevResult: JsonObject; readonly nodeEnd: string } {
    const nodeEnd = `o${container.id.slice(-8)}`;
    run("ip", "link", "add", nodeEnd, "type", "veth", "peer", "name", "eth0", "netns", container.id);
    run("ip", "addr", "add", "10.85.0.1/24", "dev", nodeEnd);
    run("ip", "link", "set", nodeEnd, "up");
    container.ip("addr add 10.85.0.2/24 dev eth0");
    container.ip("link set eth0 up");
    const interfaces = [{ name: nodeEnd }, { name: "eth0", sandbox: container.netns }];
    return {
      nodeEnd,
      prevResult: { cniVersion: "1.0.0", interfaces, ips: [{ address: "10.85.0.2/24", interface: 1 }] },
    };
  }

  const exec = (command: string, container: TestContainer, more: JsonObject): Promise<string> =>
    execPlugin(subject.host, command, container, { cniVersion: "1.0.0", name: "others", ...BANDWIDTH, ...more });

  test("rates are kept, and only they go with DEL", async () => {
    const container = newContainer();
    const { prevResult, nodeEnd } = attach(container);
    const before = await snapshot(subject);
    const result = JSON.parse(await exec("ADD", container, { prevResult })) as JsonObject;
    isAbout(await measureThroughput({ from: undefined, to: container.id, address: "10.85.0.1" }), 40 * MBIT);
    isAbout(await measureThroughput({ from: container.id, to: undefined, address: "10.85.0.2" }), 20 * MBIT);
    await exec("CHECK", container, { prevResult: result });
    await exec("DEL", container, { prevResult: result });
    expect(run("tc", "qdisc", "show", "dev", nodeEnd)).not.toMatch(/tbf|ingress/u);
    await expectNothingLeft(before, subject);
  });

  test.for([
    {
      what: "tbf already",
      command: "qdisc add dev END root tbf rate 1gbit burst 1mb latency 50ms",
      text: "has tbf already",
    },
    { what: "a filter already", command: "qdisc add dev END clsact", text: "filtered already" },
  ])("one that has $what is refused with code 109, and stays as it is", async ({ command, text }) => {
    const container = newContainer();
    const { prevResult, nodeEnd } = attach(container);
    run("tc", ...command.replace("END", nodeEnd).split(" "));
    const said = run("tc", "qdisc", "show", "dev", nodeEnd);
    const failure = await failureOf(exec("ADD", container, { prevResult }));
    expect(failure).toMatchObject({ code: 109, text: expect.stringContaining(text) as unknown });
    expect(run("tc", "qdisc", "show", "dev", nodeEnd)).toBe(said);
  });

  test("one whose other end is in another namespace is refused, whatever its index", async () => {
    const [container, other] = [newContainer(), newContainer()];
    const { prevResult, nodeEnd } = attach(container);
    const indexOf = (text: string): string => /^(\d+):/u.exec(text)?.[1] ?? "";
    const index = indexOf(run("ip", "link", "show", nodeEnd));
    container.ip("link del eth0");
    // The node has a link with the index that the container's link names, which is another one's.
    run("ip", "link", "add", nodeEnd, "index", index, "type", "veth", "peer", "name", "decoy", "netns", other.id);
    other.ip(`link add fake index ${index} type veth peer name eth0 netns ${container.id}`);
    const failure = await failureOf(exec("ADD", container, { prevResult }));
    expect(failure.text).toContain("is not on the node");
    expect(run("tc", "qdisc", "show", "dev", nodeEnd)).not.toMatch(/tbf|ingress/u);
  });

  test.for([
    { what: "that the result does not name", change: { interfaces: [] }, code: 7, text: "prevResult names no link" },
    { what: "without a result", change: undefined, code: 7, text: "prevResult is missing" },
  ])("one $what is refused", async ({ change, code, text }) => {
    const container = newContainer();
    const { prevResult } = attach(container);
    const failure = await failureOf(
      exec("ADD", container, change === undefined ? {} : { prevResult: { ...prevResult, ...change } }),
    );
    expect(failure).toMatchObject({ code, text: expect.stringContaining(text) as unknown });
  });

  test("one that is no veth is refused", async () => {
    const container = newContainer();
    const { prevResult } = attach(container);
    container.ip("link del eth0");
    container.ip("link add eth0 type bridge");
    const failure = await failureOf(exec("ADD", container, { prevResult }));
    expect(failure.text).toContain('of kind "bridge", want veth');
  });
});
