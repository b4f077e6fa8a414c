import { afterEach, beforeEach, expect, test } from "vitest";
import type { HostPort } from "../../host/kernel/host-port-elements.ts";
import { Listeners } from "../../host/kernel/listeners.ts";
import { parseIpAddress } from "../../host/spec/ip.ts";
import { startServer } from "../support/sockets.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

let node: TestNamespace;
let listeners: Listeners;

beforeEach(() => {
  node = createNamespace();
  node.run("ip", "link", "set", "lo", "up");
  listeners = Listeners.open(node.netns);
});
afterEach(() => {
  listeners[Symbol.dispose]();
  node[Symbol.dispose]();
});

const port = (number: number, protocol: HostPort["protocol"] = "tcp", address?: string): HostPort => ({
  family: address?.includes(":") === true ? "ipv6" : "ipv4",
  protocol,
  port: number,
  address: address === undefined ? undefined : parseIpAddress(address),
});
const ipv6 = (each: HostPort): HostPort => ({ ...each, family: "ipv6" });

test("knows who listens on every address, of both families, and on no other port or protocol", async () => {
  await using _web = await startServer(node.name, { protocol: "tcp", port: 8080, name: "web" });
  await using _names = await startServer(node.name, { protocol: "udp", port: 53, name: "names" });
  expect(listeners.hasListener(port(8080))).toBe(true);
  expect(listeners.hasListener(ipv6(port(8080)))).toBe(true);
  expect(listeners.hasListener(port(8080, "tcp", "192.0.2.1"))).toBe(true);
  expect(listeners.hasListener(port(53, "udp"))).toBe(true);
  expect(listeners.hasListener(port(53, "udp", "192.0.2.1"))).toBe(true);
  const others = [port(8081), port(8080, "udp"), port(53), ipv6(port(53, "udp")), port(8080, "sctp")];
  expect(others.map((each) => listeners.hasListener(each))).toEqual(others.map(() => false));
});

test("one address is that one alone, and a port of every address has it", async () => {
  await using _web = await startServer(node.name, { protocol: "tcp", port: 8080, name: "web", address: "127.0.0.1" });
  expect(listeners.hasListener(port(8080))).toBe(true);
  expect(listeners.hasListener(port(8080, "tcp", "127.0.0.1"))).toBe(true);
  expect(listeners.hasListener(port(8080, "tcp", "192.0.2.1"))).toBe(false);
  expect(listeners.hasListener(ipv6(port(8080)))).toBe(false);
});
