/**
 * @module The plugin `firewall` after `bridge`: what it meets on the node. Whose packets go through: `test/packets`.
 */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { AttachmentRequest, JsonObject } from "../../host/index.ts";
import { run } from "../support/command.ts";
import { createContainer, type TestContainer } from "../support/container.ts";
import { createTestHost, type TestHost } from "../support/host.ts";
import { expectNothingLeft, snapshot } from "../support/snapshot.ts";
import { connect, reaches, serve } from "../support/traffic.ts";

const PORT = 7007;
/** Somebody outside, by address. */
const OUTSIDE = ["192.0.2.2", "2001:db8:ffff::2"] as const;

let subject: TestHost;
let outside: TestContainer;
const closing: AsyncDisposable[] = [];

beforeAll(async () => {
  // Else a new link's own IPv6 address is of no use for a second.
  writeFileSync("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
  // The first network does it, and it stays.
  writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
  writeFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
  subject = await createTestHost({ plugins: ["bridge", "host-local", "firewall"] });
  outside = createContainer();
  outside.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
  run("ip", "link", "add", "out0", "type", "veth", "peer", "name", "eth0", "netns", outside.id);
  for (const [address, peer] of [
    ["192.0.2.1/24", "192.0.2.2/24"],
    ["2001:db8:ffff::1/64", "2001:db8:ffff::2/64"],
  ] as const) {
    run("ip", "address", "add", address, "dev", "out0", ...(address.includes(":") ? ["nodad"] : []));
    outside.ip(`address add ${peer} dev eth0${peer.includes(":") ? " nodad" : ""}`);
  }
  run("ip", "link", "set", "out0", "up");
  outside.ip("link set eth0 up");
  outside.ip("route add default via 192.0.2.1");
  outside.ip("-6 route add default via 2001:db8:ffff::1");
  closing.push(await serve(outside.id, PORT));
});

afterAll(async () => {
  for (const each of closing) await each[Symbol.asyncDispose]();
  run("ip", "link", "del", "out0");
  outside[Symbol.dispose]();
  await subject[Symbol.asyncDispose]();
});

/** A network with a bridge of its own, over both families. */
const networkOf = (index: number, firewall: JsonObject = {}): JsonObject => ({
  cniVersion: "1.0.0",
  name: `fw${index}`,
  plugins: [
    {
      type: "bridge",
      bridge: `fw${index}`,
      isGateway: true,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: `10.71.${index}.0/24` }], [{ subnet: `2001:db8:${index}::/64` }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
      },
    },
    { type: "firewall", backend: "", ...firewall },
  ],
});

/** A container with its attachment, which answers on the port; gone when it is disposed. */
interface Attached extends AsyncDisposable {
  readonly id: string;
  /** Of both families. */
  readonly addresses: readonly string[];
  readonly request: AttachmentRequest;
}

async function attach(network: JsonObject): Promise<Attached> {
  const container = createContainer();
  const request = { network, containerId: container.id, netns: container.netns, ifname: "eth0" };
  const result = await subject.host.add(request);
  const server = await serve(container.id, PORT);
  const ips = result["ips"] as readonly { readonly address: string }[];
  return {
    id: container.id,
    addresses: ips.map(({ address }) => address.replace(/\/.*$/u, "")),
    request,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await subject.host.del(request);
      container[Symbol.dispose]();
    },
  };
}

const filterText = (): string => run("nft", "list", "ruleset");

describe("forwarding", () => {
  test("of a connection that is there goes on when others are attached", async () => {
    await using mine = await attach(networkOf(1));
    run("nft", "chain inet cnidaria forward { policy drop ; }");
    await using open = await connect(mine.id, { address: OUTSIDE[0], port: PORT });
    await using third = await attach(networkOf(1));
    expect(await open.answers()).toBe(true);
    expect(third.addresses).not.toEqual(mine.addresses);
    run("nft", "chain inet cnidaria forward { policy accept ; }");
  }, 60_000);

  test("by nftables alone does not lift what another chain drops, says so in the log, and reaches from node to container all the same", async () => {
    await using first = await attach(networkOf(1));
    run("iptables-nft", "-P", "FORWARD", "DROP");
    try {
      await using mine = await attach(networkOf(1, { backend: "nftables" }));
      expect(await reaches(mine.id, "tcp", { address: OUTSIDE[0], port: PORT })).toBe(false);
      expect(await reaches(mine.id, "tcp", { address: OUTSIDE[1], port: PORT })).toBe(true);
      run("ping", "-n", "-c", "1", "-W", "1", mine.addresses[0] ?? "");
      run("ping", "-n", "-c", "1", "-W", "1", mine.addresses[1] ?? "");
      await subject.host.check(mine.request);
      const rows = await subject.host.log({ containerId: mine.id });
      const calls = rows.filter(({ event, data }) => event === "call" && data.includes('"type":"firewall"'));
      expect(calls.map(({ data }) => data.includes("ip filter FORWARD drops"))).toEqual([true, true]);
      expect(await reaches(first.id, "tcp", { address: OUTSIDE[0], port: PORT })).toBe(false);
    } finally {
      run("iptables-nft", "-P", "FORWARD", "ACCEPT");
      run("nft", "delete", "table", "ip", "filter");
    }
    expect(await reaches(first.id, "tcp", { address: OUTSIDE[0], port: PORT })).toBe(true);
  }, 60_000);
});

describe("ingressPolicy", () => {
  test("one bridge has one, and CHECK misses what isolates it", async () => {
    const before = await snapshot(subject);
    {
      await using one = await attach(networkOf(1, { ingressPolicy: "isolated" }));
      await using _other = await attach(networkOf(3, { ingressPolicy: "same-bridge" }));
      await subject.host.check(one.request);
      await expect(attach(networkOf(1, { ingressPolicy: "same-bridge" }))).rejects.toMatchObject({
        message: expect.stringContaining("conflict") as unknown,
      });
      run("nft", "flush", "chain", "inet", "cnidaria", "isolation");
      await expect(subject.host.check(one.request)).rejects.toMatchObject({
        message: expect.stringContaining('"open", want "isolated"') as unknown,
      });
      run("nft", "flush", "table", "inet", "cnidaria");
      await expect(subject.host.check(one.request)).rejects.toMatchObject({
        message: expect.stringContaining("is not forwarded") as unknown,
      });
    }
    await expectNothingLeft(before, subject);
  }, 60_000);

  test("needs a port of the bridge that the result names", async () => {
    using container = createContainer();
    const request = {
      network: {
        cniVersion: "1.0.0",
        name: "fw9",
        type: "firewall",
        ingressPolicy: "isolated",
        prevResult: { cniVersion: "1.0.0", interfaces: [{ name: "fw1" }], ips: [{ address: "10.71.9.2/24" }] },
      },
      containerId: container.id,
      netns: container.netns,
      ifname: "eth0",
    };
    await expect(subject.host.add(request)).rejects.toMatchObject({
      message: expect.stringContaining("not-permitted") as unknown,
    });
    expect(filterText()).not.toContain("10.71.9.2");
    await subject.host.del(request);
  });
});

test("DEL leaves nothing without the namespace and without the plugin", async () => {
  const before = await snapshot(subject);
  const container = createContainer();
  const network = networkOf(1, { ingressPolicy: "same-bridge" });
  await subject.host.add({ network, containerId: container.id, netns: container.netns, ifname: "eth0" });
  expect(filterText()).toMatch(/forward_v4[^}]*10\.71\.1\./u);
  container.remove();
  await subject.host.revoke("firewall");
  await subject.host.del({ network, containerId: container.id, netns: "", ifname: "eth0" }).catch(() => undefined);
  await subject.install("firewall");
  await subject.host.del({ network, containerId: container.id, netns: "", ifname: "eth0" });
  await expectNothingLeft(before, subject);
});
