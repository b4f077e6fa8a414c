import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  addPortLink,
  hasHostPorts,
  judgeHostPorts,
  publishPorts,
  readHostPort,
  readSourceTranslation,
  removePortLink,
  removeUnusedHostPorts,
  withdrawPorts,
  type Publication,
} from "../../host/kernel/host-ports.ts";
import type { HostPort } from "../../host/kernel/host-port-elements.ts";
import { addMasquerade, removeMasquerade, removeMasqueradeSubnet } from "../../host/kernel/masquerade.ts";
import type { Nftables } from "../../host/kernel/nftables.ts";
import { writeSysctl } from "../../host/kernel/sysctl.ts";
import { parseIpAddress, parseIpPrefix } from "../../host/spec/ip.ts";
import { ask, startServer } from "../support/sockets.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";
import { MINE, OTHERS, openPacketFilter } from "./packet-filter.ts";

let node: TestNamespace;
let nftables: Nftables;

beforeEach(() => {
  ({ node, nftables } = openPacketFilter());
});

const from = (port: number, address?: string, protocol: HostPort["protocol"] = "tcp"): HostPort => ({
  family: address?.includes(":") === true ? "ipv6" : "ipv4",
  protocol,
  port,
  address: address === undefined ? undefined : parseIpAddress(address),
});

function publication(
  tag: string,
  to: string,
  ports: readonly HostPort[],
  rest: Partial<Publication> = {},
): Publication {
  const address = parseIpAddress(to);
  const redirections = ports.map((each) => ({ from: each, to: { address, port: 80 } }));
  return { tag, redirections, addresses: [address], sourceTranslation: "local", ...rest };
}

const ruleset = (): string => node.run("nft", "list", "ruleset").trim();

test("can be judged without being made", () => {
  judgeHostPorts(nftables);
  expect(ruleset()).toBe("");
  expect(hasHostPorts(nftables)).toBe(false);
});

test("makes a map's element for each port, with its owner's tag, and says what it has", () => {
  const any6: HostPort = { ...from(8080), family: "ipv6" };
  const four = publication(MINE, "10.88.0.2", [from(8080), from(53, "192.0.2.1", "udp")]);
  publishPorts(nftables, four, undefined);
  publishPorts(nftables, publication(OTHERS, "2001:db8::2", [any6, from(81, "2001:db8:1::1")]), undefined);
  expect(ruleset()).toContain(`elements = { tcp . 8080 comment "cnidaria:${MINE}" : 10.88.0.2 . 80 }`);
  expect(ruleset()).toContain(`elements = { 192.0.2.1 . udp . 53 comment "cnidaria:${MINE}" : 10.88.0.2 . 80 }`);
  expect(ruleset()).toContain(`elements = { tcp . 8080 comment "cnidaria:${OTHERS}" : 2001:db8::2 . 80 }`);
  expect(readHostPort(nftables, from(53, "192.0.2.1", "udp"))).toEqual({
    tag: MINE,
    to: { address: parseIpAddress("10.88.0.2"), port: 80 },
  });
  expect(readHostPort(nftables, any6)).toEqual({
    tag: OTHERS,
    to: { address: parseIpAddress("2001:db8::2"), port: 80 },
  });
  expect(readHostPort(nftables, from(9))).toBeUndefined();
  const address = parseIpAddress("10.88.0.2");
  expect(readSourceTranslation(nftables, { tag: MINE, address })).toBe("local");
  expect(readSourceTranslation(nftables, { tag: OTHERS, address })).toBeUndefined();
});

test("refuses a port of another owner, and publishes none of the others then", () => {
  publishPorts(nftables, publication(OTHERS, "10.88.0.3", [from(8080)]), undefined);
  expect(() => publishPorts(nftables, publication(MINE, "10.88.0.2", [from(81), from(8080)]), undefined)).toThrow(
    expect.objectContaining({ errno: "EEXIST" }),
  );
  expect(readHostPort(nftables, from(81))).toBeUndefined();
  expect(readHostPort(nftables, from(8080))?.tag).toBe(OTHERS);
});

test("puts ports in place of others in one go, and keeps them when that fails", () => {
  const before = publication(MINE, "10.88.0.2", [from(80), from(81)]);
  publishPorts(nftables, before, undefined);
  const after = publication(MINE, "10.88.0.2", [from(81), from(82)], { sourceTranslation: "none" });
  publishPorts(nftables, after, before);
  expect([80, 81, 82].map((port) => readHostPort(nftables, from(port))?.tag)).toEqual([undefined, MINE, MINE]);
  publishPorts(nftables, publication(OTHERS, "10.88.0.3", [from(90)]), undefined);
  expect(() => publishPorts(nftables, publication(MINE, "10.88.0.2", [from(90)]), after)).toThrow();
  expect([81, 82].map((port) => readHostPort(nftables, from(port))?.tag)).toEqual([MINE, MINE]);
});

test("publishes a thousand ports at once", () => {
  const ports = Array.from({ length: 1000 }, (_, index) => from(10_000 + index));
  publishPorts(nftables, publication(MINE, "10.88.0.2", ports), undefined);
  expect(readHostPort(nftables, from(10_999))?.tag).toBe(MINE);
  withdrawPorts(nftables, publication(MINE, "10.88.0.2", ports));
  removeUnusedHostPorts(nftables);
  expect(ruleset()).toBe("");
});

test("withdraws an owner's ports, and nobody else's; with the last one nothing is left", () => {
  const mine = publication(MINE, "10.88.0.2", [from(80)]);
  const others = publication(OTHERS, "10.88.0.3", [from(81)], { sourceTranslation: "all" });
  publishPorts(nftables, mine, undefined);
  publishPorts(nftables, others, undefined);
  addPortLink(nftables, "cni0");
  addPortLink(nftables, "cni0");
  withdrawPorts(nftables, publication(MINE, "10.88.0.2", [from(80), from(81), from(99)]));
  removeUnusedHostPorts(nftables);
  expect(readHostPort(nftables, from(81))?.tag).toBe(OTHERS);
  removePortLink(nftables, "cni0");
  removePortLink(nftables, "cni0");
  withdrawPorts(nftables, others);
  removeUnusedHostPorts(nftables);
  expect(ruleset()).toBe("");
  publishPorts(nftables, mine, undefined);
  expect(readHostPort(nftables, from(80))?.tag).toBe(MINE);
});

test.for(["ports first", "masquerading first"])(
  "shares the table with masquerading, and nothing is left after both: %s",
  (order) => {
    const mine = publication(MINE, "10.88.0.2", [from(80)]);
    const subnet = parseIpPrefix("10.88.0.2/16");
    addMasquerade(nftables, { tag: MINE, addresses: [subnet] });
    publishPorts(nftables, mine, undefined);
    const ends = [
      () => {
        withdrawPorts(nftables, mine);
        removeUnusedHostPorts(nftables);
      },
      () => {
        removeMasquerade(nftables, { tag: MINE, addresses: [subnet] });
        expect(removeMasqueradeSubnet(nftables, subnet)).toBe(true);
      },
    ];
    for (const end of order === "ports first" ? ends : ends.toReversed()) end();
    expect(ruleset()).toBe("");
  },
);

test("makes everything again when somebody flushed the packet filter", () => {
  publishPorts(nftables, publication(MINE, "10.88.0.2", [from(80)]), undefined);
  node.run("nft", "flush", "ruleset");
  publishPorts(nftables, publication(MINE, "10.88.0.2", [from(81)]), undefined);
  expect(readHostPort(nftables, from(81))?.tag).toBe(MINE);
});

describe("packets", () => {
  let container: TestNamespace;
  let neighbour: TestNamespace;
  let outside: TestNamespace;

  beforeEach(() => {
    [container, neighbour, outside] = [createNamespace(), createNamespace(), createNamespace()];
    for (const [there, name, address, gateway] of [
      [container, "c", "10.88.0.2/24", "10.88.0.1/24"],
      [neighbour, "n", "10.88.1.2/24", "10.88.1.1/24"],
      [outside, "o", "192.0.2.2/24", "192.0.2.1/24"],
    ] as const) {
      node.ip(`link add v${name} type veth peer name eth0 netns ${there.name}`);
      node.ip(`address add ${gateway} dev v${name}`);
      node.ip(`link set v${name} up`);
      there.ip(`address add ${address} dev eth0`);
      there.ip("link set lo up");
      there.ip("link set eth0 up");
      there.ip(`route add default via ${gateway.split("/")[0]}`);
    }
    node.ip("link set lo up");
    writeSysctl(node.netns, { name: "ip_forward" }, 1);
  });
  afterEach(() => {
    for (const each of [container, neighbour, outside]) each[Symbol.dispose]();
  });

  test("come to the container that are for the node, and those for others do not", async () => {
    await using _container = await startServer(container.name, { protocol: "tcp", port: 80, name: "container" });
    await using _neighbour = await startServer(neighbour.name, { protocol: "tcp", port: 8080, name: "neighbour" });
    publishPorts(nftables, publication(MINE, "10.88.0.2", [from(8080)]), undefined);
    expect(ask(outside.name, { address: "192.0.2.1", port: 8080 })).toBe("container 192.0.2.2");
    expect(ask(node.name, { address: "192.0.2.1", port: 8080 })).toBe("container 192.0.2.1");
    // What only passes the node keeps going where it is for (CVE-2025-67499).
    expect(ask(outside.name, { address: "10.88.1.2", port: 8080 })).toBe("neighbour 192.0.2.2");
    expect(ask(node.name, { address: "10.88.1.2", port: 8080 })).toBe("neighbour 10.88.1.1");
    expect(ask(container.name, { address: "10.88.1.2", port: 8080 })).toBe("neighbour 10.88.0.2");
  });

  test("are left to what the node had before", async () => {
    await using _container = await startServer(container.name, { protocol: "tcp", port: 80, name: "container" });
    await using _neighbour = await startServer(neighbour.name, { protocol: "tcp", port: 80, name: "neighbour" });
    publishPorts(nftables, publication(MINE, "10.88.0.2", [from(8080)]), undefined);
    node.run("nft", "add table ip other; add chain ip other pre { type nat hook prerouting priority dstnat; }");
    node.run("nft", "add rule ip other pre ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.88.1.2:80");
    expect(ask(outside.name, { address: "192.0.2.1", port: 8080 })).toBe("neighbour 192.0.2.2");
    // In either order.
    node.run("nft", "delete table inet cnidaria");
    publishPorts(nftables, publication(MINE, "10.88.0.2", [from(8080)]), undefined);
    expect(ask(outside.name, { address: "192.0.2.1", port: 8080 })).toBe("neighbour 192.0.2.2");
  });

  test("from the node's 127.0.0.1 come with the node's address, and nobody else comes to 127.0.0.1", async () => {
    await using _container = await startServer(container.name, { protocol: "tcp", port: 80, name: "container" });
    await using _secret = await startServer(node.name, {
      protocol: "tcp",
      port: 7,
      name: "secret",
      address: "127.0.0.1",
    });
    publishPorts(nftables, publication(MINE, "10.88.0.2", [from(8080)]), undefined);
    addPortLink(nftables, "vc");
    writeSysctl(node.netns, { name: "route_localnet", link: "vc" }, 1);
    expect(ask(node.name, { address: "127.0.0.1", port: 8080 })).toBe("container 10.88.0.1");
    container.ip("addr del 127.0.0.1/8 dev lo");
    container.ip("route add 127.0.0.0/8 via 10.88.0.1");
    container.run("sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
    expect(ask(container.name, { address: "127.0.0.1", port: 7 })).toBe("nothing");
    expect(ask(node.name, { address: "127.0.0.1", port: 7 })).toBe("secret 127.0.0.1");
  });

  test.for(["local", "none", "all"] as const)(
    "of the container itself, and of others, with translation %s",
    async (sourceTranslation) => {
      await using _container = await startServer(container.name, { protocol: "tcp", port: 80, name: "container" });
      publishPorts(nftables, publication(MINE, "10.88.0.2", [from(8080)], { sourceTranslation }), undefined);
      addPortLink(nftables, "vc");
      const itself = ask(container.name, { address: "10.88.0.1", port: 8080 });
      const outsider = ask(outside.name, { address: "192.0.2.1", port: 8080 });
      expect([itself, outsider]).toEqual(
        {
          local: ["container 10.88.0.1", "container 192.0.2.2"],
          none: ["nothing", "container 192.0.2.2"],
          all: ["container 10.88.0.1", "container 10.88.0.1"],
        }[sourceTranslation],
      );
    },
  );
});
