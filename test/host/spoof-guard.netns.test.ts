/**
 * Ports of a bridge that let one hardware address in, by real packets.
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

beforeAll(async () => {
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  subject = await createTestHost({ plugins: ["bridge", "host-local"] });
});
afterAll(() => subject[Symbol.asyncDispose]());

const network = (bridge: JsonObject = {}): JsonObject => ({
  cniVersion: "1.1.0",
  name: "guarded",
  plugins: [
    {
      type: "bridge",
      bridge: "tg0",
      isDefaultGateway: true,
      macspoofchk: true,
      capabilities: { mac: true },
      ipam: { type: "host-local", ranges: [[{ subnet: "10.85.0.0/24" }]] },
      ...bridge,
    },
  ],
});
const requestOf = (container: TestContainer, more: { readonly network?: JsonObject; readonly mac?: string } = {}) => ({
  network: more.network ?? network(),
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  ...(more.mac === undefined ? {} : { runtimeConfig: { mac: more.mac } }),
});
const answer = (container: TestContainer): string => ask(container.id, { address: "10.85.0.1", port: 8099 });
/** Has the container send under another address, as its root can. */
const spoof = (container: TestContainer, mac: string): void => {
  container.ip(`link set eth0 address ${mac}`);
  // Answers find their way: what is tested is what is let in.
  container.ip("neigh flush all");
};

test("what is sent under another address is dropped, what is sent under its own is not, and others are unaffected", async () => {
  const before = await snapshot(subject);
  using one = createContainer();
  using two = createContainer();
  using open = createContainer();
  const requests = [
    requestOf(one),
    requestOf(two, { mac: "02:00:00:00:85:02" }),
    requestOf(open, { network: network({ macspoofchk: false }) }),
  ];
  for (const request of requests) await subject.host.add(request);
  await using _server = await startServer(undefined, { protocol: "tcp", port: 8099, name: "node" });
  expect([one, two, open].map(answer)).toEqual(["node 10.85.0.2", "node 10.85.0.3", "node 10.85.0.4"]);
  for (const request of requests) await subject.host.check(request);

  spoof(one, "02:00:00:00:85:99");
  spoof(open, "02:00:00:00:85:98");
  expect([one, two, open].map(answer)).toEqual(["nothing", "node 10.85.0.3", "node 10.85.0.4"]);
  // Not even under that of another container.
  spoof(one, "02:00:00:00:85:02");
  expect(answer(one)).toBe("nothing");

  for (const request of requests) await subject.host.del(request);
  await expectNothingLeft(before, subject);
});

test("CHECK fails when somebody took the guard away", async () => {
  using one = createContainer();
  await subject.host.add(requestOf(one));
  run("nft", "delete", "table", "bridge", "cnidaria");
  await expect(subject.host.check(requestOf(one))).rejects.toMatchObject({ code: 999 });
  await subject.host.del(requestOf(one));
});

test.for([
  {
    by: "DEL without the namespace",
    end: (request: ReturnType<typeof requestOf>) => subject.host.del({ ...request, netns: "" }),
  },
  { by: "GC", end: () => subject.host.gc({ network: network(), valid: [] }) },
])("nothing is left by $by when the namespace is gone", async ({ end }) => {
  const before = await snapshot(subject);
  using one = createContainer();
  const request = requestOf(one);
  await subject.host.add(request);
  expect(run("nft", "list", "table", "bridge", "cnidaria")).toContain("guard_macs");
  one.remove();
  await end(request);
  await expectNothingLeft(before, subject);
});

test("an ADD that fails after the port was guarded leaves nothing", async () => {
  const before = await snapshot(subject);
  using one = createContainer();
  const failure = await failureOf(
    subject.host.add(requestOf(one, { network: network({ ipam: { type: "host-local", ranges: [] } }) })),
  );
  expect(failure.code).toBeGreaterThan(0);
  await expectNothingLeft(before, subject);
});
