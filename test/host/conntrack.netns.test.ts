/**
 * Flows to published ports that a plugin has forgotten, by real packets.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withoutKeys } from "../../host/spec/json.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { execPlugin } from "../support/exec.ts";
import { createTestHost, manifestOf, type TestHost } from "../support/host.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import { PUBLISH_OPTIONS } from "../support/published-port.ts";
import { ask, startServer } from "../support/sockets.ts";

const NODE = "192.0.2.1";
const ADDRESS = { tag: "ipv4", val: [10, 9, 0, 2] };
const UDP = {
  protocol: "udp",
  hostPort: 8053,
  containerAddress: { address: ADDRESS, prefixLength: 24 },
  containerPort: 53,
};
const FLOW = { protocol: "udp", destinationPort: 8053, containerAddress: ADDRESS };

let subject: TestHost;
let outside: TestContainer;

beforeAll(async () => {
  // Else a new link gets an address of its own after a second.
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  subject = await createTestHost({ plugins: ["bridge", "static", "asks"] });
  outside = createContainer();
  run("ip", "link", "add", "vout", "type", "veth", "peer", "name", "eth0", "netns", outside.id);
  run("ip", "addr", "add", `${NODE}/24`, "dev", "vout");
  run("ip", "link", "set", "vout", "up");
  outside.ip("addr add 192.0.2.2/24 dev eth0");
  outside.ip("link set eth0 up");
  outside.ip(`route add default via ${NODE}`);
});
afterAll(async () => {
  await subject[Symbol.asyncDispose]();
  run("ip", "link", "del", "vout");
  outside[Symbol.dispose]();
});

type Question = readonly unknown[];
/** A bridge, and what the plugin after it asks. */
const network = (...asks: readonly Question[]): JsonObject =>
  ({
    cniVersion: "1.1.0",
    name: "flows",
    plugins: [
      {
        type: "bridge",
        bridge: "tf0",
        isDefaultGateway: true,
        ipam: { type: "static", addresses: [{ address: "10.9.0.2/24", gateway: "10.9.0.1" }] },
      },
      { type: "asks", asks },
    ],
  }) as unknown as JsonObject;
const requestOf = (container: TestContainer, ...asks: readonly Question[]) => ({
  network: network(...asks),
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
});
const PUBLISH: Question = ["host-ports", "publish", [UDP], PUBLISH_OPTIONS];
const FORGET: Question = ["conntrack", "forget", [FLOW]];
const isRemembered = (from: number, port: number): boolean =>
  readFileSync("/proc/net/nf_conntrack", "utf8").includes(` sport=${from} dport=${port} `);

/** Makes one flow to the port and one to another port of the node, and asks again; gives the answers of the plugin. */
async function askTwice(container: TestContainer, ...asks: readonly Question[]): Promise<unknown> {
  const request = requestOf(container, PUBLISH);
  await subject.host.add(request);
  await using _names = await startServer(container.id, { protocol: "udp", port: 53, name: "one" });
  await using _other = await startServer(undefined, { protocol: "udp", port: 8054, name: "node" });
  expect(ask(outside.id, { protocol: "udp", address: NODE, port: 8053, from: 4100 })).toBe("one 192.0.2.2");
  expect(ask(outside.id, { protocol: "udp", address: NODE, port: 8054, from: 4101 })).toBe("node 192.0.2.2");
  expect([isRemembered(4100, 8053), isRemembered(4101, 8054)]).toEqual([true, true]);
  const { plugins: _plugins, ...common } = network();
  const prevResult = { cniVersion: "1.1.0", interfaces: [], ips: [{ address: "10.9.0.2/24" }] };
  const result = await execPlugin(subject.host, "ADD", container, {
    ...common,
    type: "asks",
    asks: asks as unknown as JsonObject[],
    prevResult,
  });
  return (JSON.parse(result) as JsonObject)["answers"];
}

test("are forgotten with the grant, those to the port alone, and counted", async () => {
  const before = await snapshot(subject);
  using container = createContainer();
  expect(await askTwice(container, FORGET)).toEqual([{ ok: true, value: 1 }]);
  expect([isRemembered(4100, 8053), isRemembered(4101, 8054)]).toEqual([false, true]);
  await subject.host.del(requestOf(container, PUBLISH));
  await expectNothingLeft(before, subject);
});

test.for([
  { title: "a port that the attachment has not published", flow: { ...FLOW, destinationPort: 8054 } },
  { title: "another protocol", flow: { ...FLOW, protocol: "tcp" } },
  { title: "another's address", flow: { ...FLOW, containerAddress: { tag: "ipv4", val: [10, 9, 0, 3] } } },
])("are not forgotten of $title", async ({ flow }) => {
  using container = createContainer();
  expect(await askTwice(container, ["conntrack", "forget", [FLOW, flow]])).toEqual([
    { ok: false, error: "not-permitted" },
  ]);
  expect([isRemembered(4100, 8053), isRemembered(4101, 8054)]).toEqual([true, true]);
  await subject.host.del(requestOf(container, PUBLISH));
});

test("are not forgotten without the grant", async () => {
  using container = createContainer();
  const { capabilities } = manifestOf("asks");
  await subject.install({ name: "asks", capabilities: withoutKeys(capabilities as JsonObject, ["conntrack"]) });
  expect(await askTwice(container, FORGET)).toEqual([{ ok: false, error: "not-permitted" }]);
  expect(isRemembered(4100, 8053)).toBe(true);
  await subject.host.del(requestOf(container, PUBLISH));
});
