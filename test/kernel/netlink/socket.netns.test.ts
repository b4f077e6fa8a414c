import { afterAll, beforeAll, expect, test } from "vitest";
import { closeDescriptor, connect, lastErrno, send, socket as openSocket } from "../../../host/kernel/libc.ts";
import { runInNetns } from "../../../host/kernel/netns.ts";
import { readLink } from "../../../host/kernel/netlink/link-messages.ts";
import { getLinkRequest, listLinksRequest } from "../../../host/kernel/netlink/link-requests.ts";
import { NetlinkSocket } from "../../../host/kernel/netlink/socket.ts";
import { MessageWriter } from "../../../host/kernel/netlink/writer.ts";
import { createNamespace, type TestNamespace } from "../namespaces.ts";

/** Source: bits/socket.h. */
const AF_NETLINK = 16;
const SOCK_RAW = 3;

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
  expect(() => socket.ask(getLinkRequest({ name: "lo" }), () => undefined)).toThrow(
    expect.objectContaining({ errno: "EPROTO" }),
  );
  expect(() => socket.dump(listLinksRequest(undefined), 100, () => undefined)).toThrow(
    expect.objectContaining({ errno: "EPROTO" }),
  );
  expect(socket.ask(getLinkRequest({ name: "lo" }), readLink).name).toBe("lo");
});

test("takes no answers from another socket in its namespace, root's or not", () => {
  using namespace = createNamespace();
  using socket = new NetlinkSocket(namespace.netns);
  // The first socket of a namespace gets the process id as its port; the kernel says so.
  expect(namespace.run("cat", "/proc/net/netlink")).toMatch(new RegExp(`^\\S+ 0 +${process.pid} `, "mu"));
  const sender = runInNetns(namespace.netns, () => openSocket(AF_NETLINK, SOCK_RAW, 0));
  const address = Buffer.from([AF_NETLINK, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  address.writeUInt32LE(process.pid, 4);
  expect(connect(sender, address, address.length)).toBe(0);
  const done = new MessageWriter().begin({ type: 3, flags: 0, sequence: 1 }).finish();
  expect([send(sender, done, done.length, 0), lastErrno()]).toEqual([-1, "ECONNREFUSED"]);
  closeDescriptor(sender);
  expect(socket.ask(getLinkRequest({ name: "lo" }), readLink).name).toBe("lo");
});
