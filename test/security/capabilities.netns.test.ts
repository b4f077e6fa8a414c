/**
 * @module Every capability in a pair, through the whole: granted it works; not granted, or granted more narrowly, the kernel hears nothing.
 */
import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { withoutKeys } from "../../host/spec/json.ts";
import type { JsonObject, JsonValue } from "../../host/spec/json.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { countCalls, createTestHost, manifestOf } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { startMonitor } from "../support/monitor.ts";
import type { Monitor } from "../support/monitor.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import { CHAINED_PAIRS } from "./chained-pairs.ts";
import { LINK_PAIRS, NODE_END } from "./link-pairs.ts";

const BRIDGE = "asks0";
const GIVEN = "10.9.0.2/24";
const ipv4 = (...val: readonly number[]) => ({ tag: "ipv4", val });
const prefix = (last: number) => ({ address: ipv4(10, 9, 0, last), prefixLength: 24 });
const VETH = { ifname: "eth0", duplicateAddressDetection: "kernel-default", announce: false };

/** Interface, function, arguments. */
type Question = readonly JsonValue[];

interface Pair {
  readonly capability: string;
  readonly ask: Question;
  /** What the plugin asks before, which changes nothing in the kernel. */
  readonly first?: Question;
  /** Whether it is about the attachment's pair, which was made before. */
  readonly isOnLink?: boolean;
  /** A scope that does not cover it; absent: there is nothing to narrow. */
  readonly narrow?: JsonObject;
  /** What the monitors of node and container say when it is granted. */
  readonly heard: RegExp;
}

const ENSURE_BRIDGE: Question = [
  "node-links",
  "ensureBridge",
  { name: BRIDGE, vlanFiltering: false, promiscuous: false },
];

const KERNEL_PAIRS: readonly Pair[] = [
  {
    capability: "container-links",
    ask: ["container-links", "createVeth", VETH],
    narrow: { links: ["lo"], set: ["up"] },
    heard: /eth0/u,
  },
  ...CHAINED_PAIRS,
  ...LINK_PAIRS,
  {
    capability: "node-links",
    ask: ENSURE_BRIDGE,
    narrow: { bridges: [] },
    heard: /asks0/u,
  },
  {
    capability: "node-addresses",
    first: ENSURE_BRIDGE,
    ask: ["node-addresses", "ensure", BRIDGE, [prefix(1)], false],
    narrow: { links: [] },
    heard: /10\.9\.0\.1\//,
  },
  {
    capability: "node-forwarding",
    ask: ["node-forwarding", "enable", "ipv4"],
    narrow: { families: ["ipv6"] },
    heard: /forwarding on/u,
  },
  { capability: "masquerade", ask: ["masquerade", "set", [prefix(2)], null], heard: /10\.9\.0\.2/u },
  {
    capability: "forward-rules",
    ask: ["forward-rules", "allow", [ipv4(10, 9, 0, 2)], null, null],
    heard: /10\.9\.0\.2/u,
  },
];

const CAPABILITIES = manifestOf("asks")["capabilities"] as JsonObject;
const INTERFACE_NOT_GRANTED = { ok: false, error: "not-permitted" };

let subject: TestHost;
let container: TestContainer;
beforeAll(async () => {
  // Else the kernel says seconds later, by itself, that nobody else has a new link's address.
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  subject = await createTestHost({ plugins: ["asks", "bridge", "static"] });
});
afterAll(() => subject[Symbol.asyncDispose]());
beforeEach(() => {
  container = createContainer();
  container.ip("link set lo up");
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "0");
});
afterEach(() => container[Symbol.dispose]());

const network = (...asks: readonly Question[]): JsonObject => ({
  cniVersion: "1.1.0",
  name: "asking",
  plugins: [
    {
      type: "asks",
      asks,
      ipam: { type: "static", addresses: [{ address: GIVEN }] },
      prevResult: { cniVersion: "1.1.0", ips: [{ address: GIVEN }] },
    },
  ],
});

/** Makes one call with a grant; gives the answer and the record of the call. */
async function ask(
  capabilities: JsonObject,
  ...questions: readonly Question[]
): Promise<{ readonly answer: unknown; readonly record: CallRecord }> {
  await subject.install({ name: "asks", capabilities });
  let operationId = "";
  const result = await subject.host.add({ ...requestOf(network(...questions)), onBegin: (id) => (operationId = id) });
  const rows = await subject.host.log({ operationId });
  const record = rows
    .filter(({ event }) => event === "call")
    .map(({ data }) => JSON.parse(data) as CallRecord & { readonly type: string });
  return {
    answer: (result["answers"] as readonly unknown[]).at(-1),
    record: record.find(({ type }) => type === "asks") ?? { operations: [], refusals: [], log: [] },
  };
}

interface CallRecord {
  readonly operations: readonly { readonly operation: string; readonly outcome: string }[];
  readonly refusals: readonly string[];
  readonly log: readonly { readonly message: string }[];
}

const requestOf = (asked: JsonObject) => ({
  network: asked,
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
});
const remove = () => subject.host.del(requestOf(network()));

/** An attachment of the same network whose plugin makes the bridge. */
async function withBridge<T>(body: () => Promise<T>): Promise<T> {
  using other = createContainer();
  const made = { cniVersion: "1.1.0", name: "asking", plugins: [{ type: "bridge", bridge: BRIDGE }] };
  const request = { network: made, containerId: other.id, netns: other.netns, ifname: "eth0" };
  await subject.host.add(request);
  try {
    return await body();
  } finally {
    await subject.host.del(request);
  }
}

async function withMonitors<T>(body: (heard: () => Promise<readonly string[]>) => Promise<T>): Promise<T> {
  await using node: Monitor = await startMonitor();
  await using inside: Monitor = await startMonitor(container.id);
  // Awaited here, or the monitors would be gone before it is done.
  return await body(async () => [...(await node.heard()), ...(await inside.heard())]);
}

const questionsOf = ({ first, ask: last }: Pair): readonly Question[] => (first === undefined ? [last] : [first, last]);
const needsBridge = ({ capability }: Pair): boolean => capability === "node-addresses";
const around = async <T>(pair: Pair, body: () => Promise<T>): Promise<T> => {
  if (pair.isOnLink === true)
    await ask(CAPABILITIES, ["container-links", "createVeth", { ...VETH, nodeName: NODE_END }]);
  return needsBridge(pair) ? withBridge(body) : body();
};

describe("a capability that changes the kernel's state", () => {
  test.for(KERNEL_PAIRS)("works when $capability is granted, and DEL removes what it made", async (pair) => {
    const before = await snapshot(subject);
    await around(pair, async () => {
      await withMonitors(async (heard) => {
        const { answer, record } = await ask(CAPABILITIES, ...questionsOf(pair));
        expect(answer).toMatchObject({ ok: true });
        expect(record.operations.at(-1)?.outcome).toBe("ok");
        expect((await heard()).join("\n")).toMatch(pair.heard);
      });
      await remove();
    });
    await expectNothingLeft(before, subject);
  });

  test.for(KERNEL_PAIRS)("leaves the kernel in peace when $capability is not granted", async (pair) => {
    await around(pair, () => expectSilence(pair, withoutKeys(CAPABILITIES, [pair.capability])));
  });

  test.for(KERNEL_PAIRS.filter(({ narrow }) => narrow !== undefined))(
    "leaves the kernel in peace when $capability is granted for something else",
    async (pair) => {
      await around(pair, () => expectSilence(pair, { ...CAPABILITIES, [pair.capability]: pair.narrow ?? {} }));
    },
  );

  async function expectSilence(pair: Pair, granted: JsonObject): Promise<void> {
    await withMonitors(async (heard) => {
      const { answer, record } = await ask(granted, ...questionsOf(pair));
      expect(await heard()).toEqual([]);
      expect(answer).toEqual(INTERFACE_NOT_GRANTED);
      expect(record.operations.at(-1)?.outcome).toBe("refused");
      expect(record.refusals.join()).toContain(`"${pair.capability}"`);
    });
    await remove();
  }
});

describe("a capability that reads, or keeps what the kernel does not know", () => {
  const LEASE: Question = ["leases", "reserve", 0, ipv4(10, 9, 0, 7)];
  const FILE: Question = ["resolver-file", "read", "/etc/resolv.conf"];

  test("leases: granted, an address is leased until DEL", async () => {
    expect((await ask(CAPABILITIES, LEASE)).answer).toMatchObject({ ok: true });
    expect((await subject.host.leases()).map(({ address }) => address)).toEqual(["10.9.0.7"]);
    await remove();
    expect(await subject.host.leases()).toEqual([]);
  });

  test.for([
    { how: "not granted", scope: undefined },
    { how: "granted for no subnet", scope: { subnets: [] } },
  ])("leases: $how, no address is leased", async ({ scope }) => {
    const { answer, record } = await ask(
      scope === undefined ? withoutKeys(CAPABILITIES, ["leases"]) : { ...CAPABILITIES, leases: scope },
      LEASE,
    );
    expect(answer).toEqual(INTERFACE_NOT_GRANTED);
    expect(record.refusals.join()).toContain('"leases"');
    expect(await subject.host.leases()).toEqual([]);
    await remove();
  });

  test("resolver-file: granted, the file's settings are read", async () => {
    expect((await ask(CAPABILITIES, FILE)).answer).toMatchObject({
      ok: true,
      value: { search: expect.any(Array) as unknown },
    });
    await remove();
  });

  test.for([
    { how: "not granted", scope: undefined },
    { how: "granted for no file", scope: { paths: [] } },
  ])("resolver-file: $how, nothing is read", async ({ scope }) => {
    const granted =
      scope === undefined ? withoutKeys(CAPABILITIES, ["resolver-file"]) : { ...CAPABILITIES, "resolver-file": scope };
    const { answer, record } = await ask(granted, FILE);
    expect(answer).toEqual(INTERFACE_NOT_GRANTED);
    expect(record.refusals.join()).toContain('"resolver-file"');
    await remove();
  });

  test("ipam: granted, the network's IPAM plugin is called", async () => {
    expect((await ask(CAPABILITIES, ["ipam", "add"])).answer).toMatchObject({
      ok: true,
      value: { ips: [{ address: prefix(2) }] },
    });
    await remove();
  });

  test.for([
    { how: "not granted", scope: undefined },
    { how: "granted for no type", scope: { types: [] } },
  ])("ipam: $how, the IPAM plugin is not called", async ({ scope }) => {
    const granted = scope === undefined ? withoutKeys(CAPABILITIES, ["ipam"]) : { ...CAPABILITIES, ipam: scope };
    const before = await countCalls(subject, "static");
    expect((await ask(granted, ["ipam", "add"])).answer).toMatchObject({
      ok: false,
      error: { code: 101, details: expect.stringContaining('"ipam"') as unknown },
    });
    expect(await countCalls(subject, "static")).toBe(before);
    await remove();
  });

  test("log: granted, the line is kept; not granted, it is dropped and the call goes on", async () => {
    const kept = await ask(CAPABILITIES, ["log", "write", "info", "here"]);
    expect(kept.record.log).toEqual([{ level: "info", message: "here" }]);
    await remove();
    const dropped = await ask(withoutKeys(CAPABILITIES, ["log"]), ["log", "write", "info", "here"]);
    expect(dropped.answer).toMatchObject({ ok: true });
    expect(dropped.record.log).toEqual([]);
    await remove();
  });

  test.for([
    { capability: "clock", question: ["clock", "now"] },
    { capability: "random", question: ["random", "bytes", 8] },
  ])("$capability: granted, it is answered; not granted, the guest traps", async ({ capability, question }) => {
    expect((await ask(CAPABILITIES, question)).answer).toMatchObject({ ok: true });
    await remove();
    await expect(ask(withoutKeys(CAPABILITIES, [capability]), question)).rejects.toMatchObject({
      code: 102,
      details: expect.stringContaining(`"${capability}" is not granted`) as unknown,
    });
  });
});
