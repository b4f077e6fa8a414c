/**
 * @module Rates that somebody took away or changed: CHECK names them, and puts them back where it is asked to; `doctor` knows the `ifb` link.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { expectNothingLeft, failureOf, snapshot, type Snapshot } from "../support/snapshot.ts";

const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "drifting",
  plugins: [
    { type: "bridge", bridge: "td0", ipam: { type: "host-local", subnet: "10.86.0.0/24" } },
    {
      type: "bandwidth",
      ingressRate: 40_000_000,
      ingressBurst: 2_000_000,
      egressRate: 20_000_000,
      egressBurst: 1_000_000,
    },
  ],
};

let subject: TestHost;
let container: TestContainer;
let before: Snapshot;
let nodeEnd = "";
let ifb = "";

const request = () => ({ network: NETWORK, containerId: container.id, netns: container.netns, ifname: "eth0" });

beforeAll(async () => {
  subject = await createTestHost({ plugins: ["bandwidth", "bridge", "host-local"] });
  before = await snapshot(subject);
});
beforeEach(async () => {
  container = createContainer();
  const result = await subject.host.add(request());
  const names = (result["interfaces"] as readonly { readonly name: string }[]).map(({ name }) => name);
  [nodeEnd = "", ifb = ""] = [names[1], names[3]];
});
afterEach(async () => {
  await subject.host.del(request());
  container[Symbol.dispose]();
  await expectNothingLeft(before, subject);
});
afterAll(() => subject[Symbol.asyncDispose]());

const tc = (text: string): string => run("tc", ...text.split(" "));
const handleOf = (link: string): string => /tbf (\w+:) root/u.exec(tc(`qdisc show dev ${link}`))?.[1] ?? "";

test("what nobody touched is as it was left", async () => {
  expect(await subject.host.check(request())).toEqual({ repaired: [] });
  expect(await subject.host.doctor()).toEqual({ differences: [], alive: [] });
});

test.for([
  { what: "the bucket to the container is gone", damage: () => tc(`qdisc del dev ${nodeEnd} root`), says: "no limit" },
  { what: "the bucket from the container is gone", damage: () => tc(`qdisc del dev ${ifb} root`), says: "no limit" },
  { what: "packets go another way", damage: () => tc(`qdisc del dev ${nodeEnd} ingress`), says: "no limit" },
  { what: "the filter is gone", damage: () => tc(`filter del dev ${nodeEnd} ingress pref 1`), says: "no limit" },
  { what: "the ifb link is gone", damage: () => run("ip", "link", "del", ifb), says: "no limit" },
  { what: "the ifb link is down", damage: () => run("ip", "link", "set", ifb, "down"), says: "no limit" },
  {
    what: "a rate is another",
    damage: () =>
      tc(`qdisc change dev ${nodeEnd} root handle ${handleOf(nodeEnd)} tbf rate 1mbit burst 10kb latency 50ms`),
    says: "1000000 bit/s",
  },
])("$what: CHECK says so, and puts it back where it is asked to", async ({ damage, says }) => {
  damage();
  const failure = await failureOf(subject.host.check(request()));
  expect(failure).toMatchObject({ code: 999 });
  const { differences } = await subject.host.doctor();
  expect(JSON.stringify(differences)).toContain(says);
  const { repaired } = await subject.host.check({ ...request(), repair: true });
  expect(repaired).toHaveLength(1);
  expect(await subject.host.check(request())).toEqual({ repaired: [] });
  expect(tc(`qdisc show dev ${nodeEnd}`)).toMatch(/rate 40Mbit/u);
  expect(tc(`qdisc show dev ${ifb}`)).toMatch(/rate 20Mbit/u);
  expect(tc(`filter show dev ${nodeEnd} ingress`)).toContain(ifb);
});

test("what somebody else put in the place of a rate is named, left alone, and outlives DEL of the rates", async () => {
  tc(`qdisc replace dev ${nodeEnd} root handle 77: tbf rate 1gbit burst 1mb latency 50ms`);
  await failureOf(subject.host.check({ ...request(), repair: true }));
  expect(tc(`qdisc show dev ${nodeEnd}`)).toContain("tbf 77:");
});
