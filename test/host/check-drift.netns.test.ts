/**
 * CHECK against the ledger: everything that an attachment left on the node and in the container is taken away or changed, one thing at a
 * time; what others add is no difference. Runs in a node namespace of its own: `npm test` makes it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Host } from "../../host/index.ts";
import type { JsonObject } from "../../host/spec/json.ts";
import { run } from "../support/command.ts";
import { createContainer } from "../support/container.ts";
import type { TestContainer } from "../support/container.ts";
import { createTestHost } from "../support/host.ts";
import type { TestHost } from "../support/host.ts";
import { nodeEndOf } from "../support/ledger.ts";
import { expectNothingLeft, failureOf, snapshot } from "../support/snapshot.ts";
import type { Snapshot } from "../support/snapshot.ts";

const NETWORK: JsonObject = {
  cniVersion: "1.1.0",
  name: "drifting",
  plugins: [
    {
      type: "bridge",
      bridge: "drift0",
      isGateway: true,
      ipMasq: true,
      ipMasqBackend: "nftables",
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: "10.83.0.0/24" }], [{ subnet: "fd83::/64" }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "198.51.100.0/24", gw: "10.83.0.9" }, { dst: "::/0" }],
      },
    },
    { type: "portmap", capabilities: { portMappings: true } },
    { type: "firewall", ingressPolicy: "same-bridge" },
    {
      type: "tuning",
      mtu: 1400,
      sysctl: { "net.core.somaxconn": "500", "net.ipv4.ip_local_port_range": "1024 65000" },
    },
  ],
};

let stage: TestHost;
let host: Host;
let container: TestContainer;
let before: Snapshot;

beforeAll(async () => {
  stage = await createTestHost({ plugins: ["bridge", "host-local", "portmap", "firewall", "tuning"] });
  ({ host } = stage);
  before = await snapshot(stage);
});
beforeEach(async () => {
  container = createContainer();
  await host.add(request());
});
afterEach(async () => {
  await host.del(request());
  container[Symbol.dispose]();
  await expectNothingLeft(before, stage);
});
afterAll(() => stage[Symbol.asyncDispose]());

const request = () => ({
  network: NETWORK,
  containerId: container.id,
  netns: container.netns,
  ifname: "eth0",
  runtimeConfig: { portMappings: [{ hostPort: 8083, containerPort: 80, protocol: "tcp" }] },
});
const vethName = (): Promise<string> => nodeEndOf(host, container.id);
const addressOf = (): string => /inet (10\.83\.0\.\d+)/u.exec(container.ip("-o addr show eth0"))?.[1] ?? "";
const nft = (text: string): string => run("nft", ...text.split(" "));

test("an attachment that nobody touched is as ADD left it", async () => {
  expect(await host.check(request())).toEqual({ repaired: [] });
  expect(await host.check({ ...request(), repair: true })).toEqual({ repaired: [] });
});

describe("no difference", () => {
  test("further addresses, routes and rules, in whatever order", async () => {
    container.ip("addr add 10.83.0.200/24 dev eth0");
    container.ip("route add 203.0.113.0/24 via 10.83.0.1");
    container.ip("route add 198.51.100.0/24 via 10.83.0.10 metric 7");
    container.ip("rule add from 10.83.0.200 table 77");
    run("ip", "addr", "add", "10.83.0.99/24", "dev", "drift0");
    nft("add rule inet cnidaria forward ip saddr 10.83.0.250 accept");
    await host.check(request());
    container.ip("rule del from 10.83.0.200 table 77");
    nft(
      "delete rule inet cnidaria forward handle " +
        (/250 accept # handle (\d+)/u.exec(nft("-a list chain inet cnidaria forward"))?.[1] ?? ""),
    );
  });

  test("another attachment of the same network, and its end", async () => {
    const other = createContainer();
    const others = { ...request(), containerId: other.id, netns: other.netns, runtimeConfig: {} };
    await host.add(others);
    await host.check(request());
    await host.del(others);
    other[Symbol.dispose]();
    await host.check(request());
  });
});

/** What somebody did, what CHECK says of it, and whether it can be put back. */
const CASES: readonly {
  readonly title: string;
  readonly drift: () => void | Promise<void>;
  readonly says: RegExp;
}[] = [
  {
    title: "the node's end is down",
    drift: async () => void run("ip", "link", "set", await vethName(), "down"),
    says: /link veth\S+ of the node: wanted up, found down/u,
  },
  {
    title: "the node's end is a port of no bridge",
    drift: async () => void run("ip", "link", "set", await vethName(), "nomaster"),
    says: /wanted a port of bridge drift0, found a port of no bridge/u,
  },
  {
    title: "the bridge is down",
    drift: () => void run("ip", "link", "set", "drift0", "down"),
    says: /bridge drift0 of the node: wanted up, found down/u,
  },
  {
    title: "an address of the bridge is gone",
    drift: () => void run("ip", "addr", "del", "fd83::1/64", "dev", "drift0"),
    says: /address fd83::1\/64 of the node: wanted on its link drift0, found not there/u,
  },
  {
    title: "a route is gone",
    drift: () => void container.ip("route del 198.51.100.0/24"),
    says: /198\.51\.100\.0\/24/u,
  },
  {
    title: "a setting has another value",
    drift: () => void container.run("sh", "-c", "echo 7 > /proc/sys/net/core/somaxconn"),
    says: /somaxconn/u,
  },
  {
    title: "an attribute of the link has another value",
    drift: () => void container.ip("link set eth0 mtu 1300"),
    says: /mtu/u,
  },
  {
    title: "the masquerading is gone",
    drift: () => void nft(`delete element inet cnidaria masquerade_v4 { ${addressOf()} }`),
    says: /masquerade of 10\.83\.0\.\d+: wanted an element of the packet filter, found none/u,
  },
  {
    title: "the rules that masquerade were flushed",
    drift: () => void nft("flush chain inet cnidaria postrouting"),
    says: /masquerade of 10\.83\.0\.\d+: wanted an element.*the rules were flushed/u,
  },
  {
    title: "the rules of ports were flushed",
    drift: () => void nft("flush chain inet cnidaria ports_in"),
    says: /tcp port 8083 of every IPv4 address: wanted to 10\.83\.0\.\d+ port 80, found.*the rules were flushed/u,
  },
  {
    title: "what guards 127.0.0.1 was flushed",
    drift: () => void nft("flush chain inet cnidaria ports_guard"),
    says: /tcp port 8083 of every IPv4 address: wanted to 10\.83\.0\.\d+ port 80, found.*the rules were flushed/u,
  },
  {
    title: "the whole table was deleted",
    drift: () => void nft("delete table inet cnidaria"),
    says: /isolation of bridge drift0: wanted closed to others, found none.*tcp port 8083.*forwarding for/su,
  },
];

describe("what drifted is named, and put back when that is asked for", () => {
  test.for(CASES)("$title", async ({ drift, says }) => {
    const kinds = (await host.ledger({ containerId: container.id })).length;
    await drift();
    const failure = await failureOf(host.check(request()));
    expect(failure.text).toMatch(says);
    const { repaired } = await host.check({ ...request(), repair: true });
    expect(repaired.map(({ repair }) => repair)).not.toContain("failed");
    expect(repaired.length).toBeGreaterThan(0);
    expect(await host.check(request())).toEqual({ repaired: [] });
    expect(await host.ledger({ containerId: container.id })).toHaveLength(kinds);
    const events = (await host.log({ containerId: container.id })).map(({ event }) => event);
    expect(events).toContain("repair");
  });

  test("an error of CHECK has code 110 where no plugin minds, and says what to do", async () => {
    run("ip", "link", "set", await vethName(), "down");
    const failure = await failureOf(host.check(request()));
    expect(failure.code).toBe(110);
    expect(failure.text).toContain("cnidaria check --repair");
  });
});

describe("what cannot be put back", () => {
  test("a pair that was deleted: delete the attachment and add it again", async () => {
    run("ip", "link", "del", await vethName());
    const failure = await failureOf(host.check({ ...request(), repair: true }));
    expect(failure.text).toMatch(
      /not repaired: link veth\S+ of the node: wanted the pair of eth0.*found no such link/u,
    );
  });

  test("a pair whose end in the container has another name", async () => {
    container.ip("link set eth0 down");
    container.ip("link set eth0 name mine0");
    const failure = await failureOf(host.check(request()));
    expect(failure.text).toMatch(/link eth0 of the container: wanted that name, found it is "mine0"/u);
  });

  test("a pair whose end in the container has a name that a terminal would obey", async () => {
    container.ip("link set eth0 down");
    container.run("ip", "link", "set", "eth0", "name", "\u001b[2Jmine");
    const failure = await failureOf(host.check(request()));
    expect(failure.text).toContain(String.raw`found it is "\u001b[2Jmine"`);
  });

  test("a pair is not made a port of somebody else's bridge that has the name by now", async () => {
    const name = await vethName();
    run("ip", "link", "del", "drift0");
    run("ip", "link", "add", "drift0", "type", "bridge");
    const failure = await failureOf(host.check({ ...request(), repair: true }));
    expect(failure.text).toMatch(/not repaired: link veth\S+ of the node: wanted a port of bridge drift0/u);
    expect(run("ip", "link", "show", name)).not.toContain("master");
    run("ip", "link", "del", "drift0");
  });

  test("somebody else's link of that name is left alone", async () => {
    const name = await vethName();
    run("ip", "link", "del", name);
    run("ip", "link", "add", name, "type", "bridge");
    const failure = await failureOf(host.check({ ...request(), repair: true }));
    expect(failure.text).toContain("another link of that name");
    expect(run("ip", "link", "show", name)).toContain(name);
    run("ip", "link", "del", name);
  });
});
