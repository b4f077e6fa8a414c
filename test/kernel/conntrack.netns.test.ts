import { afterEach, beforeEach, expect, test } from "vitest";
import { Conntrack, type FlowFilter } from "../../host/kernel/conntrack.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

let node: TestNamespace;
let conntrack: Conntrack;

beforeEach(() => {
  node = createNamespace();
  // A rule that looks at flows has the kernel track them.
  node.run(
    "nft",
    "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c ct state new",
  );
  node.run("ip", "link", "set", "lo", "up");
  conntrack = Conntrack.open(node.netns);
});

afterEach(() => {
  conntrack[Symbol.dispose]();
  node[Symbol.dispose]();
});

/** Sends one packet to each port of an address, so that the kernel remembers a flow for each. */
function send(family: "ipv4" | "ipv6", ...ports: readonly number[]): void {
  const [kind, address] = family === "ipv4" ? ["udp4", "127.0.0.1"] : ["udp6", "::1"];
  const program = `
    const socket = require("node:dgram").createSocket("${kind}");
    const ports = ${JSON.stringify(ports)};
    let left = ports.length;
    for (const port of ports) socket.send("x", port, "${address}", () => { left -= 1; if (left === 0) socket.close(); });
  `;
  node.run(process.execPath, "-e", program);
}

const to = (port: number, more: Partial<FlowFilter> = {}): FlowFilter => ({
  family: "ipv4",
  protocol: "udp",
  port,
  isMeant: () => true,
  ...more,
});

test("forgets the flows to a port that are meant, and says how many", () => {
  send("ipv4", 7001, 7002);
  send("ipv4", 7001);
  expect(conntrack.forget(to(7001, { isMeant: () => false }))).toBe(0);
  expect(conntrack.forget(to(7001))).toBe(2);
  expect(conntrack.forget(to(7001))).toBe(0);
  expect(conntrack.forget(to(7002))).toBe(1);
});

test("forgets what several ask for, of both families, with each answer its own", async () => {
  send("ipv4", 7001, 7002, 7003);
  send("ipv6", 7001, 7002);
  const forgotten = await Promise.all([
    conntrack.forgetSoon(to(7001)),
    conntrack.forgetSoon(to(7002, { family: "ipv6" })),
    conntrack.forgetSoon(to(7009)),
    conntrack.forgetSoon(to(7001, { protocol: "tcp" })),
  ]);
  expect(forgotten).toEqual([1, 1, 0, 0]);
  expect(conntrack.forget(to(7002))).toBe(1);
  expect(conntrack.forget(to(7003))).toBe(1);
  expect(conntrack.forget(to(7001, { family: "ipv6" }))).toBe(1);
});

test("one that comes while the kernel walks gets a walk of its own", async () => {
  const first = conntrack.forgetSoon(to(7001));
  await Promise.resolve();
  await Promise.resolve();
  send("ipv4", 7001);
  const second = conntrack.forgetSoon(to(7001));
  expect((await first) + (await second)).toBe(1);
  expect(conntrack.forget(to(7001))).toBe(0);
});

test("does what waits when it is closed, and takes no more", async () => {
  send("ipv4", 7001);
  const waiting = conntrack.forgetSoon(to(7001));
  conntrack[Symbol.dispose]();
  expect(await waiting).toBe(1);
  await expect(conntrack.forgetSoon(to(7001))).rejects.toThrow(/EBADF/u);
});
