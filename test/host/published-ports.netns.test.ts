/**
 * @module Published ports through the whole: who has one, what is refused, and that nothing is left. Who reaches them: `test/packets`.
 */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createHost } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { execPlugin } from "../support/exec.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import { ask, startServer } from "../support/sockets.ts";

const NODE = "192.0.2.1";
const NODE_SECOND = "192.0.2.9";
const NODE_V6 = "2001:db8:ffff::1";

let subject: TestHost;
let outside: TestContainer;
let containers: TestContainer[] = [];

beforeAll(async () => {
  // Else the bridge has no address to ask for neighbours from, for a second.
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  // A bridge turns it on, and the kernel then has more addresses.
  for (const name of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"]) writeFileSync(`/proc/sys/net/${name}`, "1");
  subject = await createTestHost({ plugins: ["bridge", "host-local", "portmap"] });
  outside = createContainer();
  run("ip", "link", "add", "vout", "type", "veth", "peer", "name", "eth0", "netns", outside.id);
  for (const address of [`${NODE}/24`, `${NODE_SECOND}/24`]) run("ip", "addr", "add", address, "dev", "vout");
  run("ip", "addr", "add", `${NODE_V6}/64`, "dev", "vout", "nodad");
  run("ip", "link", "set", "vout", "up");
  outside.ip("addr add 192.0.2.2/24 dev eth0");
  outside.ip("addr add 2001:db8:ffff::2/64 dev eth0 nodad");
  outside.ip("link set eth0 up");
  outside.ip(`route add default via ${NODE}`);
  outside.ip(`-6 route add default via ${NODE_V6}`);
});
afterAll(async () => {
  await subject[Symbol.asyncDispose]();
  run("ip", "link", "del", "vout");
  outside[Symbol.dispose]();
});
// A test that failed half-way does not take the others with it.
afterEach(async () => {
  await subject.host.gc({ network: network(), valid: [] });
  await subject.host.gc({ network: network({}, "others", OTHER_BRIDGE), valid: [] });
  for (const container of containers) container[Symbol.dispose]();
  containers = [];
});

function newContainer(): TestContainer {
  const container = createContainer();
  containers.push(container);
  container.ip("link set lo up");
  return container;
}

const BRIDGE = {
  type: "bridge",
  bridge: "tp0",
  isDefaultGateway: true,
  // Where bridges are filtered as routers are, a packet to the container's own port is bridged, to where it came from.
  hairpinMode: true,
  ipam: { type: "host-local", ranges: [[{ subnet: "10.81.0.0/24" }], [{ subnet: "2001:db8:81::/64" }]] },
};
const PORTMAP = { type: "portmap", capabilities: { portMappings: true } };
const network = (portmap: JsonObject = {}, name = "ports", bridge: JsonObject = {}): JsonObject => ({
  cniVersion: "1.1.0",
  name,
  plugins: [
    { ...BRIDGE, ...bridge },
    { ...PORTMAP, ...portmap },
  ],
});
const OTHER_BRIDGE = {
  bridge: "tp1",
  ipam: { type: "host-local", ranges: [[{ subnet: "10.82.0.0/24" }], [{ subnet: "2001:db8:82::/64" }]] },
};

type Mapping = Readonly<Record<string, string | number>>;
const TCP = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
const UDP = { hostPort: 5353, containerPort: 53, protocol: "udp" };

const requestOf = (container: TestContainer, portMappings: readonly Mapping[], asked = network()) => ({
  network: asked,
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  runtimeConfig: { portMappings },
});

test("are found by CHECK, and DEL leaves nothing", async () => {
  const before = await snapshot(subject);
  const [one, two] = [newContainer(), newContainer()];
  const request = requestOf(one, [TCP, UDP]);
  await subject.host.add(request);
  await subject.host.add(requestOf(two, []));
  await subject.host.check(request);
  await subject.host.del(request);
  expect(run("sysctl", "-n", "net.ipv4.conf.tp0.route_localnet").trim()).toBe("0");
  expect(run("nft", "list", "ruleset")).not.toContain("ports");
  await subject.host.del(requestOf(two, []));
  await expectNothingLeft(before, subject);
});

describe("a port is reserved", () => {
  test.for([
    { who: "of the same network", asked: network(), mapping: TCP },
    { who: "of another network", asked: network({}, "others", OTHER_BRIDGE), mapping: TCP },
    { who: "for one address, while it is taken on all", asked: network(), mapping: { ...TCP, hostIP: NODE } },
  ])("an attachment $who is refused with the holder's name, and leaves nothing", async ({ asked, mapping }) => {
    const [one, two] = [newContainer(), newContainer()];
    await subject.host.add(requestOf(one, [TCP]));
    const before = await snapshot(subject);
    const failure = await failureOf(subject.host.add(requestOf(two, [UDP, mapping], asked)));
    expect(failure).toMatchObject({ code: 109 });
    expect(failure.text).toContain(`eth0 of container ${one.id} in network "ports"`);
    await expectNothingLeft(before, subject);
    await subject.host.del(requestOf(one, [TCP]));
    await subject.host.add(requestOf(two, [UDP, mapping], asked));
    await subject.host.del(requestOf(two, [UDP, mapping], asked));
  });

  test("also from another host with the same state directory", async () => {
    const [one, two] = [newContainer(), newContainer()];
    await subject.host.add(requestOf(one, [TCP]));
    await using other = await createHost({ stateDir: subject.stateDir });
    const failure = await failureOf(other.add(requestOf(two, [TCP])));
    expect(failure.text).toContain(one.id);
    await other.del(requestOf(one, [TCP]));
    await subject.host.add(requestOf(two, [TCP]));
    await subject.host.del(requestOf(two, [TCP]));
  });
});

describe("nothing is left", () => {
  test("by DEL without the namespace, and without capability arguments", async () => {
    const before = await snapshot(subject);
    const container = newContainer();
    await subject.host.add(requestOf(container, [TCP, UDP]));
    container.remove();
    await subject.host.del({ ...requestOf(container, []), netns: "" });
    await expectNothingLeft(before, subject);
  });

  test("by DEL without the plugin", async () => {
    const before = await snapshot(subject);
    const container = newContainer();
    await subject.host.add(requestOf(container, [TCP, UDP]));
    await subject.host.revoke("portmap");
    await subject.host.del(requestOf(container, [TCP, UDP])).finally(() => subject.install("portmap"));
    await expectNothingLeft(before, subject);
  });

  test("by GC", async () => {
    const before = await snapshot(subject);
    const container = newContainer();
    await subject.host.add(requestOf(container, [TCP, UDP]));
    await subject.host.gc({ network: network(), valid: [] });
    await expectNothingLeft(before, subject);
  });
});

test("runtimes execute the plugins one by one", async () => {
  const before = await snapshot(subject);
  const container = newContainer();
  const { plugins: _plugins, ...common } = network();
  const runtimeConfig = { portMappings: [TCP] };
  const exec = (command: string, plugin: JsonObject, more: JsonObject): Promise<string> =>
    execPlugin(subject.host, command, container, { ...common, ...plugin, ...more });
  const first = JSON.parse(await exec("ADD", BRIDGE, {})) as JsonObject;
  const prevResult = JSON.parse(await exec("ADD", PORTMAP, { runtimeConfig, prevResult: first })) as JsonObject;
  expect(prevResult).toEqual(first);
  await using _one = await startServer(container.id, { protocol: "tcp", port: 80, name: "one" });
  expect(ask(outside.id, { address: NODE, port: 8080 })).toBe("one 192.0.2.2");
  await exec("CHECK", PORTMAP, { runtimeConfig, prevResult });
  run("nft", "delete", "element", "inet", "cnidaria", "ports_any_v4", "{ tcp . 8080 }");
  await expect(exec("CHECK", PORTMAP, { runtimeConfig, prevResult })).rejects.toMatchObject({
    code: 999,
    message: expect.stringContaining("tcp port 8080") as unknown,
  });
  await exec("DEL", PORTMAP, { runtimeConfig, prevResult });
  await exec("DEL", BRIDGE, { prevResult });
  await expectNothingLeft(before, subject);
});

test.for([
  { what: "an unknown protocol", mapping: { ...TCP, protocol: "icmp" }, code: 7 },
  { what: "host port 0", mapping: { ...TCP, hostPort: 0 }, code: 7 },
  { what: "a port over 65535", mapping: { ...TCP, containerPort: 65_536 }, code: 7 },
  { what: "an address that is not the node's", mapping: { ...TCP, hostIP: "198.51.100.1" }, code: 7 },
])("$what is code $code, and nothing is left", async ({ mapping, code }) => {
  const before = await snapshot(subject);
  await expect(subject.host.add(requestOf(newContainer(), [mapping]))).rejects.toMatchObject({ code });
  await expectNothingLeft(before, subject);
});
