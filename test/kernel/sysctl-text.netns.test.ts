import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSetting, writeSetting } from "../../host/kernel/sysctl-text.ts";
import { createNamespace, type TestNamespace } from "./namespaces.ts";

let space: TestNamespace;

beforeAll(() => {
  space = createNamespace();
  space.ip("link add veth.7 type veth peer name other");
});
afterAll(() => space[Symbol.dispose]());

test.for([
  { name: "net.core.somaxconn", path: "core/somaxconn", value: "501" },
  { name: "net.ipv4.conf.veth/7.arp_filter", path: "ipv4/conf/veth.7/arp_filter", value: "1" },
  { name: "net.ipv4.tcp_rmem", path: "ipv4/tcp_rmem", value: "4096\t65536\t131072" },
  { name: "net.ipv4.ip_local_reserved_ports", path: "ipv4/ip_local_reserved_ports", value: "8080,9000-9010" },
])("writes and reads $name", ({ name, path, value }) => {
  const before = readSetting(space.netns, name);
  const outside = readFileSync(`/proc/sys/net/core/somaxconn`, "utf8");
  writeSetting(space.netns, name, value);
  expect(space.run("cat", `/proc/sys/net/${path}`)).toBe(`${value}\n`);
  expect(readSetting(space.netns, name)).toBe(value);
  // Also what was empty.
  writeSetting(space.netns, name, before ?? "");
  expect(readSetting(space.netns, name)).toBe(before);
  expect(readFileSync(`/proc/sys/net/core/somaxconn`, "utf8")).toBe(outside);
});

test.for([
  { name: "net.ipv4.route.flush", why: "is a trigger" },
  { name: "net.ipv6.conf.veth/7.stable_secret", why: "was never set" },
])("gives no value of $name, which $why", ({ name }) => {
  expect(readSetting(space.netns, name)).toBeUndefined();
});

test.for([
  { name: "net.core.nothing", errno: "ENOENT" },
  { name: "net.core", errno: "EISDIR" },
  { name: "kernel.panic", errno: "EINVAL" },
  { name: "net.//.kernel.panic", errno: "EINVAL" },
  { name: "net.core.somaxconn\0", errno: "EINVAL" },
])("refuses $name with $errno", ({ name, errno }) => {
  expect(() => writeSetting(space.netns, name, "1")).toThrow(expect.objectContaining({ errno }));
  if (errno !== "EISDIR") expect(() => readSetting(space.netns, name)).toThrow(expect.objectContaining({ errno }));
});

test("names the error of a value that the kernel refuses", () => {
  expect(() => writeSetting(space.netns, "net.core.somaxconn", "much")).toThrow(
    expect.objectContaining({ errno: "EINVAL" }),
  );
});
