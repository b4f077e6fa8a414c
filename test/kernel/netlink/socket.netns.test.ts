import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readLink } from "../../../host/kernel/netlink/link-messages.ts";
import { getLinkRequest, listLinksRequest } from "../../../host/kernel/netlink/link-requests.ts";
import { NetlinkSocket } from "../../../host/kernel/netlink/socket.ts";
import { createNamespace, type TestNamespace } from "../namespaces.ts";

let node: TestNamespace;

beforeAll(() => {
  node = createNamespace();
});

afterAll(() => node[Symbol.dispose]());

test("reads a dump of several datagrams", () => {
  node.run("sh", "-c", "for i in $(seq 40); do ip link add d$i type bridge; done");
  using socket = new NetlinkSocket(node.netns);
  const links = socket.dump(listLinksRequest(undefined), 100, readLink);
  expect(links.map(({ name }) => name)).toEqual(expect.arrayContaining(["lo", "d1", "d40"]));
  expect(links).toHaveLength(41);
});

test("asks again after an answer that is none", () => {
  using socket = new NetlinkSocket(node.netns);
  expect(() => socket.ask(getLinkRequest({ name: "lo" }), () => undefined)).toThrow(expect.objectContaining({ errno: "EPROTO" }));
  expect(() => socket.dump(listLinksRequest(undefined), 100, () => undefined)).toThrow(expect.objectContaining({ errno: "EPROTO" }));
  expect(socket.ask(getLinkRequest({ name: "lo" }), readLink).name).toBe("lo");
});

test("takes no answers from another process in its namespace, root or not", () => {
  using socket = new NetlinkSocket(node.netns);
  socket.ask(getLinkRequest({ name: "lo" }), readLink);
  const portId = Number(/^\S+ +0 +(\d+)/mu.exec(node.run("cat", "/proc/net/netlink").split("\n").filter((line) => line.includes(` ${process.pid} `)).join("\n"))?.[1]);
  expect(portId).toBe(process.pid);
  // The kernel's own name for it: what Python's struct sends here is an empty message to that port.
  const script = `
import socket, sys
sender = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
try:
    sender.sendto(bytes([16,0,0,0,3,0,0,0,1,0,0,0,0,0,0,0]), (${portId}, 0))
    print("taken")
except OSError as error:
    print(error.errno)`;
  const hasPython = execFileSync("sh", ["-c", "command -v python3 || true"], { encoding: "utf8" }).trim() !== "";
  if (hasPython) expect(node.run("python3", "-c", script).trim()).toBe("111");
  expect(socket.ask(getLinkRequest({ name: "lo" }), readLink).name).toBe("lo");
});
