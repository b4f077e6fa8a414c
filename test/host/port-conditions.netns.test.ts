/**
 * Published ports on the conditions that a network's configuration has, by real packets.
 */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import { ask, startServer } from "../support/sockets.ts";

let subject: TestHost;
const outsiders: TestContainer[] = [];

beforeAll(async () => {
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  subject = await createTestHost({ plugins: ["bridge", "host-local", "portmap"] });
  for (const [index, link] of ["vone", "vtwo"].entries()) {
    const outside = createContainer();
    outsiders.push(outside);
    run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", outside.id);
    run("ip", "addr", "add", `192.0.${index + 2}.1/24`, "dev", link);
    // Else its own IPv6 address comes when the kernel has looked for duplicates.
    run("ip", "link", "set", link, "addrgenmode", "none", "up");
    outside.ip(`addr add 192.0.${index + 2}.2/24 dev eth0`);
    outside.ip("link set eth0 up");
    outside.ip(`route add default via 192.0.${index + 2}.1`);
  }
});
afterAll(async () => {
  await subject[Symbol.asyncDispose]();
  for (const link of ["vone", "vtwo"]) run("ip", "link", "del", link);
  for (const each of outsiders) each[Symbol.dispose]();
});

const network = (portmap: JsonObject): JsonObject => ({
  cniVersion: "1.1.0",
  name: "conditions",
  plugins: [
    {
      type: "bridge",
      bridge: "tc0",
      isDefaultGateway: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.84.0.0/24" }]] },
    },
    { type: "portmap", capabilities: { portMappings: true }, ...portmap },
  ],
});
const requestOf = (container: TestContainer, portmap: JsonObject) => ({
  network: network(portmap),
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] },
});
/** Who is answered, of the outsiders and the node itself. */
const answers = (): readonly string[] =>
  [
    ...outsiders.map(({ id }, index) => ask(id, { address: `192.0.${index + 2}.1`, port: 8080 })),
    ask(undefined, { address: "192.0.2.1", port: 8080 }),
  ].map((answer) => answer.split(" ")[0] ?? "");

test.for([
  { conditionsV4: ["-i", "vone"], found: ["yes", "nothing", "nothing"] },
  { conditionsV4: ["!", "-s", "192.0.2.0/24"], found: ["nothing", "yes", "nothing"] },
  { conditionsV4: ["!", "-d", "192.0.3.1", "-s", "192.0.0.0/16"], found: ["yes", "nothing", "yes"] },
])("$conditionsV4: $found; CHECK finds the port; the port is reserved; DEL leaves nothing", async (each) => {
  const before = await snapshot(subject);
  const { conditionsV4, found } = each;
  using container = createContainer();
  using other = createContainer();
  const request = requestOf(container, { conditionsV4 });
  await subject.host.add(request);
  await using _server = await startServer(container.id, { protocol: "tcp", port: 80, name: "yes" });
  expect(answers()).toEqual(found);
  await subject.host.check(request);
  const failure = await failureOf(subject.host.add(requestOf(other, {})));
  expect(failure).toMatchObject({ code: 109 });
  expect(failure.text).toContain(container.id);
  await subject.host.del(request);
  await expectNothingLeft(before, subject);
});

test("CHECK fails when somebody took a condition away, and DEL without the namespace leaves nothing", async () => {
  const before = await snapshot(subject);
  using container = createContainer();
  const request = requestOf(container, { conditionsV4: ["-i", "vone"] });
  await subject.host.add(request);
  const chain = /chain (when_\w+)/u.exec(run("nft", "list", "table", "inet", "cnidaria_conditions"))?.[1] ?? "";
  run("nft", "flush", "chain", "inet", "cnidaria_conditions", chain);
  await expect(subject.host.check(request)).rejects.toMatchObject({ code: 999 });
  container.remove();
  await subject.host.del({ ...request, netns: "" });
  await expectNothingLeft(before, subject);
});

test("words that are not understood are code 7 and named, and nothing is left", async () => {
  const before = await snapshot(subject);
  using container = createContainer();
  const failure = await failureOf(subject.host.add(requestOf(container, { conditionsV4: ["-m", "comment"] })));
  expect(failure).toMatchObject({ code: 7 });
  expect(failure.text).toContain("-m comment");
  await expectNothingLeft(before, subject);
});

test("a process of the node that listens on a published port is a warning in the log, and no error", async () => {
  using container = createContainer();
  const request = requestOf(container, {});
  await using _listener = await startServer(undefined, { protocol: "tcp", port: 8080, name: "node" });
  await subject.host.add(request);
  const rows = await subject.host.log({ containerId: container.id });
  expect(JSON.stringify(rows)).toMatch(/a process of the node listens on tcp port 8080/u);
  await subject.host.del(request);
});

test.for([
  { title: "an unknown protocol", mapping: { hostPort: 8080, containerPort: 80, protocol: "icmp" }, code: 7 },
  {
    title: "an address that is not the node's",
    mapping: { hostPort: 8080, containerPort: 80, protocol: "tcp", hostIP: "198.51.100.1" },
    code: 7,
  },
  { title: "host port 70000", mapping: { hostPort: 70_000, containerPort: 80, protocol: "tcp" }, code: 7 },
])("$title is code $code", async ({ mapping, code }) => {
  using container = createContainer();
  const request = { ...requestOf(container, {}), runtimeConfig: { portMappings: [mapping] } };
  await expect(subject.host.add(request)).rejects.toMatchObject({ code });
});

test("SCTP ports are published: the elements are there, and CHECK finds them", async () => {
  using container = createContainer();
  const request = {
    ...requestOf(container, {}),
    runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "sctp" }] },
  };
  await subject.host.add(request);
  expect(run("nft", "list", "map", "inet", "cnidaria", "ports_any_v4")).toContain("sctp . 8080");
  await subject.host.check(request);
  await subject.host.del(request);
});
